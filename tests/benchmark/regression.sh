#!/usr/bin/env bash
# A linear regression on a table of 500 rows from start to final loss, as whole commands in turns: import and training here,
# beside a script of the usual kind in PyTorch. Usage: regression.sh [PAIRS] [EPOCHS]   (default 5 pairs of 20 epochs)
# Wants examples/house_prices/run.sh's data, and a Python with PyTorch and pandas, see python_with_torch.sh.
set -euo pipefail
cd "$(dirname "$0")/../.."
pairs=${1:-5} epochs=${2:-20} csv=data/house_prices/Boston.csv
trainer=build/$(launcher/preset.sh)/bin/trainer
launcher/build.sh trainer >/dev/null
python=$(tests/benchmark/python_with_torch.sh)
"$python" -c 'import pandas' || { echo "that Python has no pandas: $python -m pip install pandas" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

convoy() {
  rm -rf "$work/data" "$work/run"
  "$trainer" data import-csv "$csv" "$work/data" --target medv --validation 0.1 &&
    "$trainer" train examples/house_prices/train.yaml data.path="$work/data" run.dir="$work/run" train.epochs="$epochs"
}
pytorch() { "$python" tests/benchmark/regression_script.py "$csv" medv "$epochs"; }
seconds() { local start=$EPOCHREALTIME; "$1" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }; awk "BEGIN {print $EPOCHREALTIME - $start}"; }

for _ in 1 2; do convoy >/dev/null 2>&1; pytorch >/dev/null; done  # what is read from disk is in memory afterwards
for ((i = 0; i < pairs; ++i)); do echo "$(seconds convoy) $(seconds pytorch)"; done |
  awk '{print $2 / $1, $1, $2}' | sort -n |
  awk '{r[NR] = $1; print "convoy " $2 " s, pytorch " $3 " s"}
       END {printf "pytorch / convoy, median of %d pairs: %.1f\n", NR, r[int((NR + 1) / 2)]}'
