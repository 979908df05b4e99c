#!/usr/bin/env bash
# Kernels that one transformer layer costs in a training step, matrix products included: at most 10 forward and 16
# backward. Counted by the virtual GPU as the difference between models of 3 layers and of 1.
# Usage: cuda_launches_test.sh TRAINER VIRTUAL_GPU_FOLDER
virtual_gpu=$(realpath "$2")
. "$(dirname "$0")/common.sh"
make_data

# launches LAYERS STEPS KEY=VALUE...: of all kernels of a run with so many steps
launches() {
  local layers=$1 steps=$2
  shift 2
  rm -rf run
  LD_LIBRARY_PATH="$virtual_gpu" VGPU_PROFILE=profile.csv ranks 1 run.dir=run device=cuda precision=bf16 batch.global=2 \
    parallel.virtual_ranks=1 model.channels=128 model.dropout=0.1 model.layers="$layers" train.steps="$steps" \
    train.cuda_graph=false evaluate.every_steps=0 evaluate.batches=1 checkpoint.every_steps=0 "$@" || { cat train.log; fail "train"; }
  # A kernel's name may have commas, so columns are counted after the closing quote; the first behind it is `launches`.
  sed -n 's/^".*",\([0-9]*\),.*/\1/p' profile.csv | awk '{ n += $1 } END { print n + 0 }'
}

# Of one more step, so that start, evaluation and the end cancel out.
step_launches() { echo $(($(launches "$1" 3) - $(launches "$1" 2))); }

one=$(step_launches 1) three=$(step_launches 3)
per_layer=$(((three - one) / 2))
echo "a step launches $one kernels with 1 layer, $three with 3: $per_layer a layer, forward and backward"
[ $((per_layer * 2)) -eq $((three - one)) ] || fail "layers do not cost the same"
[ "$per_layer" -ge 14 ] || fail "$per_layer a layer: fewer than the products and attention of a layer; the count sees nothing"
[ "$per_layer" -le 26 ] || { cat profile.csv; fail "$per_layer launches a layer, 26 are the most"; }

# An element's update is nobody's sum: as many blocks as the GPU runs at once, whole ones of its 108 multiprocessors.
VGPU_SM=80 launches 6 1 >launches.txt
sed -n 's/^"\(.*optimizer_update_kernel.*\)",\([0-9]*\),\([0-9]*\),.*/\2 \3/p' profile.csv >blocks.txt
awk '{ if ($2 > most) most = $2; if ($2 / $1 > 1000 || ($2 / $1 > 500 && $2 % 108 != 0)) bad = 1 } END { exit bad || NR == 0 || most < 540 }' blocks.txt ||
  { grep optimizer_update profile.csv; fail "the optimizer runs in waves that are not whole"; }
