# What the examples' run.sh share. Sourced, from anywhere; what follows runs in the project's folder.
# CONVOY_TRAINER: the program, if it is built elsewhere. RANKS: how many, 2 unless said otherwise.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
trainer=${CONVOY_TRAINER:-build/$(launcher/preset.sh)/bin/trainer}
[ -x "$trainer" ] || { launcher/install_packages.sh && launcher/build.sh trainer; }
# shellcheck source=launcher/mpi_environment.sh
. launcher/mpi_environment.sh
export OMPI_MCA_btl="${OMPI_MCA_btl:-^tcp}"

fetch() { examples/fetch.sh "$@"; }
# import OUT COMMAND...: unless it is there.
import() { [ -e "$1/manifest.json" ] || "$trainer" data "${@:2}"; }
# train CONFIG RUN [key=value ...]: goes on with a run that is there.
train() { mpirun -np "${RANKS:-2}" "$trainer" train "$1" run.dir="$2" run.resume=auto "${@:3}"; }
