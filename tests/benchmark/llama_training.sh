#!/usr/bin/env bash
# Training speed of a Llama of 60 M parameters (llama_training.yaml) on two threads beside Hugging Face transformers in
# eager PyTorch, in pairs that make their steps in turns (in_turns.py), in f32 and in bf16.
# Usage: llama_training.sh [STEPS]   (default 20 of each)
# Wants the data of launcher/quickstart.sh and a Python with PyTorch (python_with_torch.sh) and transformers.
set -euo pipefail
cd "$(dirname "$0")/../.."
steps=${1:-20}
config=tests/benchmark/llama_training.yaml
enough=$((steps + 10))  # for the steps that warm up too
export OMP_NUM_THREADS=2
trainer=${CONVOY_TRAINER:-build/$(launcher/preset.sh)/bin/trainer}
[ -n "${CONVOY_TRAINER:-}" ] || launcher/build.sh trainer >/dev/null
python=$(tests/benchmark/python_with_torch.sh)
"$python" -c 'import transformers' 2>/dev/null || { echo "$python has no transformers: install it there with pip" >&2; exit 2; }

echo "$steps pairs of steps each; a / b: the median of the pairs and its quartiles"
printf '%-36s %12s %12s %8s %13s\n' 'convoy, transformers' 's a step' 's a step' 'b / a' quartiles
for precision in f32 bf16; do
  rm -rf build/benchmark/llama
  line=$(tests/benchmark/in_turns.py "$steps" \
    "$python tests/benchmark/llama_twin.py $config --steps $enough --threads 2 --precision $precision" \
    "$trainer train $config device=cpu precision=$precision run.dir=build/benchmark/llama train.steps=$enough")
  read -r b a ratio lower upper <<<"$line"
  printf '%-36s %12s %12s %8.2f %6.2f to %.2f\n' "$precision" "$a" "$b" "$ratio" "$lower" "$upper"
done
