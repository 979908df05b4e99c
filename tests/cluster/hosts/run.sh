#!/usr/bin/env bash
# run.sh NAME HOSTS SLOTS MPIRUN_ARGUMENTS...: mpirun, started on the first host of `up.sh NAME`, over that many hosts
# with that many ranks each.
set -euo pipefail
# shellcheck source=tests/cluster/hosts/mpirun_options.sh
. "$(dirname "${BASH_SOURCE[0]}")/mpirun_options.sh"
name=$1 hosts=$2 slots=$3
shift 3
# shellcheck source=launcher/mpi_environment.sh
. "$here/../../../launcher/mpi_environment.sh"

list=$(for ((i = 1; i <= hosts; i++)); do printf '10.0.0.%d:%d,' "$i" "$slots"; done)
export CONVOY_HOSTS=$name
exec "$here/agent.sh" 10.0.0.1 exec mpirun --host "${list%,}" "${mpirun_options[@]@Q}" "${@@Q}"
