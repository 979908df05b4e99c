#!/usr/bin/env bash
# Training speed of a 10.8 M parameter GPT (gpt_training.yaml) on two threads, in pairs that make their steps in turns
# (in_turns.py): Convoy beside eager PyTorch, Convoy in bf16 beside Convoy in f32, and Convoy beside its matrix products
# and nothing else. Usage: gpt_training.sh [STEPS]   (default 40 of each; about eight minutes)
# Wants the data of launcher/quickstart.sh and a Python with PyTorch, see python_with_torch.sh.
set -euo pipefail
cd "$(dirname "$0")/../.."
steps=${1:-40}
config=tests/benchmark/gpt_training.yaml
bin=build/$(launcher/preset.sh)/bin
enough=$((steps + 10))  # for the steps that warm up too
export OMP_NUM_THREADS=2

launcher/build.sh trainer gpt_products >/dev/null
python=$(tests/benchmark/python_with_torch.sh)

convoy() { echo "$bin/trainer train $config device=cpu precision=$1 run.dir=build/benchmark/$1 train.steps=$enough"; }
pytorch="$python tests/benchmark/pytorch_twin.py $config --steps $enough --threads 2 --precision f32"
products="$bin/gpt_products 6 384 256 16 84 f32 $enough"

tokens_per_s() { awk -v seconds="$1" 'BEGIN {printf "%.0f", 4096 / seconds}'; }
compare() {  # names, command of a, command of b
  local line a b ratio lower upper
  rm -rf build/benchmark/f32 build/benchmark/bf16
  line=$(tests/benchmark/in_turns.py "$steps" "$3" "$2")
  read -r b a ratio lower upper <<<"$line"
  printf '%-28s %12s %12s %8.2f %6.2f to %.2f\n' "$1" "$(tokens_per_s "$a")" "$(tokens_per_s "$b")" "$ratio" "$lower" "$upper"
}

echo "$steps pairs of steps each; a / b: the median of the pairs and its quartiles"
printf '%-28s %12s %12s %8s %13s\n' 'a, b' 'a, tokens/s' 'b, tokens/s' 'a / b' quartiles
compare 'convoy f32, pytorch f32' "$(convoy f32)" "$pytorch"
compare 'convoy bf16, convoy f32' "$(convoy bf16)" "$(convoy f32)"
compare 'convoy f32, products alone' "$(convoy f32)" "$products"
