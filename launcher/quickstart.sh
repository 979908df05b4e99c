#!/usr/bin/env bash
# From an empty Debian 12, Debian 13 or Ubuntu 24.04 to a trained model: installs packages, builds, fetches and imports
# Shakespeare's plays, trains a small GPT on two ranks for about three minutes, evaluates it and lets it write.
#
# Safe to run twice: what is there is kept, and training goes on from its last checkpoint. A finished run is evaluated
# again; to train anew, remove runs/shakespeare. Words are passed on to `trainer train`: quickstart.sh train.steps=500
set -euo pipefail
cd "$(dirname "$0")/.."

run=runs/shakespeare
trainer=build/$(launcher/preset.sh)/bin/trainer
step() { printf '\n== %s ==\n' "$*"; }
explain() { [ $? -eq 0 ] || echo "quickstart: stopped at '$doing'; what went wrong is said above. Run it again when that is mended." >&2; }
trap explain EXIT

doing="packages"; step "1/5 packages"
launcher/install_packages.sh

doing="build"; step "2/5 build"
launcher/build.sh trainer

doing="data"; step "3/5 data"
launcher/fetch_shakespeare.sh data/shakespeare_text
"$trainer" data import-text data/shakespeare_text data/shakespeare --tokenizer characters

doing="training"; step "4/5 training on 2 ranks, about three minutes"
if [ -e "$run/config.yaml" ]; then
  echo "There is a run in $run already: going on from its last checkpoint. Remove the folder to train anew."
fi
# shellcheck source=launcher/mpi_environment.sh
. launcher/mpi_environment.sh
# On one machine ranks talk through memory. Open MPI 5 would still try networks, and complain about some it cannot use.
export OMPI_MCA_btl="${OMPI_MCA_btl:-^tcp}"
mpirun -np 2 "$trainer" train examples/shakespeare/train.yaml run.dir="$run" run.resume=auto "$@"

doing="evaluation and sample"; step "5/5 what it learned"
"$trainer" eval "$run"
"$trainer" generate "$run" --prompt "**ROMEO**" --tokens 400
printf '\nThe run is in %s: metrics.jsonl, report.html, log.txt and checkpoints.\n' "$run"
