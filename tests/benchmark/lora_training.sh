#!/usr/bin/env bash
# A step of LoRA (rank 8, beside all linear maps of the blocks) of the Llama of llama_training.yaml on two threads,
# beside PEFT with Hugging Face transformers in eager PyTorch: seconds a step, in pairs that make their steps in turns
# (in_turns.py), and the most memory that either process had in RAM (peak_memory.py), in f32 and in bf16.
# Usage: lora_training.sh [STEPS [PRECISION...]]   (default 20 of each, f32 and bf16)
# Wants the data of launcher/quickstart.sh and a Python with PyTorch (python_with_torch.sh), transformers and peft.
# Exit status 1 if PEFT needs less memory.
set -euo pipefail
cd "$(dirname "$0")/../.."
steps=${1:-20}
precisions=("${@:2}")
((${#precisions[@]})) || precisions=(f32 bf16)
config=tests/benchmark/llama_training.yaml
enough=$((steps + 10))  # for the steps that warm up too
export OMP_NUM_THREADS=2
trainer=${CONVOY_TRAINER:-build/$(launcher/preset.sh)/bin/trainer}
[ -n "${CONVOY_TRAINER:-}" ] || launcher/build.sh trainer >/dev/null
python=$(tests/benchmark/python_with_torch.sh)
"$python" -c 'import transformers, peft' 2>/dev/null || { echo "$python has no transformers or peft: install them there with pip" >&2; exit 2; }

folder=build/benchmark/lora
rm -rf "$folder"
mkdir -p "$folder"
"$trainer" train "$config" device=cpu run.dir="$folder/base" train.steps=1 evaluate.batches=0 >"$folder/base.log"
printf '%-10s %12s %12s %8s %13s %12s %12s %8s\n' '' 'convoy s' 'peft s' 'b / a' quartiles 'convoy MiB' 'peft MiB' 'b / a'
worse=0
for precision in "${precisions[@]}"; do
  peft="$python tests/benchmark/llama_twin.py $config --threads 2 --precision $precision --lora 8 --steps"
  convoy="$trainer train $config device=cpu precision=$precision model.from=$folder/base model.adapter.kind=lora"
  convoy="$convoy evaluate.batches=0 run.dir=$folder"
  line=$(tests/benchmark/in_turns.py "$steps" "$peft $enough" "$convoy/$precision train.steps=$enough")
  read -r b a ratio lower upper <<<"$line"
  mine=$(tests/benchmark/peak_memory.py "$convoy/$precision-peak train.steps=5")
  theirs=$(tests/benchmark/peak_memory.py "$peft 5")
  printf '%-10s %12s %12s %8.2f %6.2f to %.2f %11s %12s %8.2f\n' "$precision" "$a" "$b" "$ratio" "$lower" "$upper" \
    "$mine" "$theirs" "$(awk -v a="$mine" -v b="$theirs" 'BEGIN { print b / a }')"
  ((mine < theirs)) || worse=1
done
exit "$worse"
