#!/usr/bin/env bash
# Training speed of the examples' models on two threads beside eager PyTorch, in pairs that make their steps in turns
# (in_turns.py): a perceptron and a convolutional net on digits, a residual net on clothes.
# Usage: layers_training.sh [STEPS] [digits/mlp digits/convolutional fashion/resnet ...]   (default 40 steps of each)
# Wants the examples' data (examples/digits/run.sh, examples/fashion/run.sh) and a Python with PyTorch, see
# python_with_torch.sh. PyTorch's layout is the faster of its two for that model: --channels-last where that is.
set -euo pipefail
cd "$(dirname "$0")/../.."
steps=${1:-40}
shift $(($# > 0 ? 1 : 0))
models=("$@")
((${#models[@]})) || models=(digits/mlp digits/convolutional fashion/resnet)
enough=$((steps + 10))  # for the steps that warm up too
export OMP_NUM_THREADS=2
trainer=build/$(launcher/preset.sh)/bin/trainer
launcher/build.sh trainer >/dev/null
python=$(tests/benchmark/python_with_torch.sh)

echo "$steps pairs of steps each; a / b: the median of the pairs and its quartiles"
printf '%-36s %12s %12s %8s %13s\n' 'convoy, pytorch' 'ms a step' 'ms a step' 'b / a' quartiles
for model in "${models[@]}"; do
  config=examples/$model.yaml
  for layout in "" --channels-last; do
    [[ $model != *mlp || -z $layout ]] || continue
    rm -rf build/benchmark/layers
    convoy="$trainer train $config device=cpu precision=f32 run.dir=build/benchmark/layers train.epochs=0 train.steps=$enough \
evaluate.batches=0 evaluate.patience=0 log.every_steps=1"
    line=$(tests/benchmark/in_turns.py "$steps" "$python tests/benchmark/layers_twin.py $config --steps $enough $layout" "$convoy")
    read -r b a ratio lower upper <<<"$line"
    printf '%-36s %12s %12s %8.2f %6.2f to %.2f\n' "$model $layout" "$(awk "BEGIN {print 1000 * $a}")" \
      "$(awk "BEGIN {print 1000 * $b}")" "$ratio" "$lower" "$upper"
  done
done
