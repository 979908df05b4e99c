#!/usr/bin/env bash
# What a second rank brings: a 10.8 M parameter GPT (gpt_training.yaml), 8 sequences a rank and step, one thread a rank.
# One rank, two ranks, two ranks whose sums may depend on their number, and PyTorch's DistributedDataParallel with gloo on
# two, in turn; the median of each run's steps and the ratios, round by round.
# Usage: scaling.sh [ROUNDS]   (default 3; about two minutes each)
# Wants the data of launcher/quickstart.sh and a Python with PyTorch, see python_with_torch.sh.
set -euo pipefail
cd "$(dirname "$0")/../.."
. launcher/mpi_environment.sh
rounds=${1:-3}
config=tests/benchmark/gpt_training.yaml
bin=build/$(launcher/preset.sh)/bin
export OMP_NUM_THREADS=1

launcher/build.sh trainer >/dev/null
python=$(tests/benchmark/python_with_torch.sh)
meeting=$(mktemp -d)
trap 'rm -rf "$meeting"' EXIT

median() { sort -g | awk '{v[NR] = $1} END {print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2}'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN {printf "%.2f", a / b}'; }

convoy() {  # ranks, KEY=VALUE... -> tokens/s of all ranks together; the first three steps warm up
  local n=$1
  shift
  rm -rf build/benchmark/run
  mpirun -np "$n" "$bin/trainer" train "$config" device=cpu parallel.threads=1 batch.micro=8 "batch.global=$((8 * n))" "$@" >/dev/null
  grep '"step_ms"' build/benchmark/run/metrics.jsonl | tail -n +4 | sed 's/.*"tokens_per_s":\([0-9.]*\).*/\1/' | median
}
pytorch() {
  rm -f "$meeting/ranks"
  mpirun -np 2 "$python" tests/benchmark/pytorch_twin.py "$config" --steps 9 --threads 1 --batch 8,16 --ddp "$meeting/ranks" |
    sed -n 's/^step [4-9].*tokens_per_s \([0-9.]*\)/\1/p' | median
}

printf '%-6s %10s %10s %12s %12s %8s %12s %10s\n' round 1 2 "2, any order" "2, DDP gloo" "2 / 1" "any order" "2 / DDP"
gains=() costs=() beside=()
for round in $(seq "$rounds"); do
  one=$(convoy 1) two=$(convoy 2) any=$(convoy 2 parallel.reproducible=false) ddp=$(pytorch)
  gains+=("$(ratio "$two" "$one")") costs+=("$(ratio "$any" "$two")") beside+=("$(ratio "$two" "$ddp")")
  printf '%-6s %10.0f %10.0f %12.0f %12.0f %8s %12s %10s\n' "$round" "$one" "$two" "$any" "$ddp" "${gains[-1]}" "${costs[-1]}" "${beside[-1]}"
done
echo "two ranks / one rank: median $(printf '%s\n' "${gains[@]}" | median)"
echo "two ranks, any order of sums / reproducible: median $(printf '%s\n' "${costs[@]}" | median)"
echo "two ranks / PyTorch DDP with gloo: median $(printf '%s\n' "${beside[@]}" | median)"
