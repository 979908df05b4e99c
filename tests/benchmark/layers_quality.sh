#!/usr/bin/env bash
# What an example's model ends with on the test split, several seeds of it, beside the same model in PyTorch with the same
# budget (layers_twin.py); for each result the least, the largest and the mean of both, and whether Convoy's mean lies
# within the twin's spread.
# Usage: layers_quality.sh EXAMPLE [SEEDS [key=value ...]]     e.g. layers_quality.sh digits/mlp 5 train.epochs=4
# Wants the example's data (its run.sh) and a Python with PyTorch, see python_with_torch.sh. CONVOY_TRAINER: a program
# that is built already.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ $# -gt 0 ] || { sed -n '2,8s/^# //p' "$0"; exit 2; }
config=examples/$1.yaml seeds=${2:-5}
shift $(($# > 1 ? 2 : 1))
trainer=${CONVOY_TRAINER:-build/$(launcher/preset.sh)/bin/trainer}
[ -n "${CONVOY_TRAINER:-}" ] || launcher/build.sh trainer >/dev/null
python=$(tests/benchmark/python_with_torch.sh)
out=build/benchmark/quality
mkdir -p "$out"

: >"$out/convoy.json"
for seed in $(seq "$seeds"); do
  rm -rf "$out/run"
  "$trainer" train "$config" run.dir="$out/run" run.seed="$seed" device=cpu precision=f32 parallel.virtual_ranks=1 "$@" >"$out/train.log" 2>&1 ||
    { tail -5 "$out/train.log" >&2; exit 1; }
  "$trainer" eval "$out/run" --split test --json | tail -1 | tee -a "$out/convoy.json"
done
"$python" tests/benchmark/layers_twin.py "$config" "$@" --seeds "$seeds" --threads 2 | tee "$out/twin.json"
"$python" - "$out/convoy.json" "$out/twin.json" <<'PY'
import json, sys
ours, twins = ([json.loads(line) for line in open(path)] for path in sys.argv[1:])
for name in ("loss", "accuracy", "r2"):
    if name in twins[0] and name in ours[0]:
        mine, theirs = [run[name] for run in ours], [run[name] for run in twins]
        row = lambda values: f"{min(values):.4f} to {max(values):.4f}, mean {sum(values) / len(values):.4f}"
        at, least, most = sum(mine) / len(mine), min(theirs) - 1e-6, max(theirs) + 1e-6  # the twin's numbers are f32
        verdict = "within its spread" if least <= at <= most else "better" if (at < least) == (name == "loss") else "WORSE"
        print(f"{name}: Convoy {row(mine)}; PyTorch {row(theirs)}; Convoy's mean is {verdict}")
PY
