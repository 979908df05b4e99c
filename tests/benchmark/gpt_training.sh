#!/usr/bin/env bash
# Training speed of a 10.8 M parameter GPT (gpt_training.yaml) beside eager PyTorch, on two threads: Convoy and PyTorch
# in turn, the median of each run's steps, the ratio pair by pair; then Convoy in bf16 beside Convoy in f32, and what the
# matrix products alone would allow. Usage: gpt_training.sh [PAIRS]   (default 3; about a minute each)
# Wants the data of launcher/quickstart.sh and a Python with PyTorch, see python_with_torch.sh.
set -euo pipefail
cd "$(dirname "$0")/../.."
pairs=${1:-3}
config=tests/benchmark/gpt_training.yaml
bin=build/$(launcher/preset.sh)/bin
export OMP_NUM_THREADS=2

launcher/build.sh trainer gpt_products >/dev/null
python=$(tests/benchmark/python_with_torch.sh)

median() { sort -g | awk '{v[NR] = $1} END {print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2}'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN {printf "%.2f", a / b}'; }

convoy() {  # precision -> tokens/s; the first three steps warm up
  rm -rf build/benchmark/run
  "$bin/trainer" train "$config" device=cpu precision="$1" >/dev/null
  grep '"step_ms"' build/benchmark/run/metrics.jsonl | tail -n +4 | sed 's/.*"tokens_per_s":\([0-9.]*\).*/\1/' | median
}
pytorch() {  # precision -> tokens/s
  "$python" tests/benchmark/pytorch_twin.py "$config" --steps 9 --threads 2 --precision "$1" |
    sed -n 's/^step [4-9].*tokens_per_s \([0-9.]*\)/\1/p' | median
}

printf '%-8s %14s %14s %8s\n' pair "convoy f32" "pytorch f32" ratio
ratios=()
for pair in $(seq "$pairs"); do
  ours=$(convoy f32) theirs=$(pytorch f32)
  ratios+=("$(ratio "$ours" "$theirs")")
  printf '%-8s %14.0f %14.0f %8s\n' "$pair" "$ours" "$theirs" "${ratios[-1]}"
done
echo "median ratio convoy / pytorch, f32: $(printf '%s\n' "${ratios[@]}" | median)"

products=$("$bin/gpt_products" 6 384 256 16 84 f32)
ours=$(convoy f32) half=$(convoy bf16)
printf 'products alone, f32: %.0f tokens/s; convoy f32 reaches %s of it\n' "$products" "$(ratio "$ours" "$products")"
printf 'convoy bf16: %.0f tokens/s, %s x convoy f32\n' "$half" "$(ratio "$half" "$ours")"
