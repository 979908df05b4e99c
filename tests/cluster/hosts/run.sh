#!/usr/bin/env bash
# run.sh NAME HOSTS SLOTS MPIRUN_ARGUMENTS...: mpirun, started on the first host of `up.sh NAME`, over that many hosts
# with that many ranks each.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
name=$1 hosts=$2 slots=$3
shift 3
# shellcheck source=launcher/mpi_environment.sh
. "$here/../../../launcher/mpi_environment.sh"

list=$(for ((i = 1; i <= hosts; i++)); do printf '10.0.0.%d:%d,' "$i" "$slots"; done)
export CONVOY_HOSTS=$name
exec "$here/agent.sh" 10.0.0.1 exec mpirun --host "${list%,}" \
  --mca plm rsh --mca plm_rsh_agent "$here/agent.sh" --mca plm_rsh_no_tree_spawn 1 --leave-session-attached \
  --mca oob_tcp_if_include 10.0.0.0/24 --mca btl_tcp_if_include 10.0.0.0/24 --mca btl self,vader,tcp --mca pml ob1 \
  --bind-to none "${@@Q}"
