#!/usr/bin/env bash
# A vocabulary that no tile of a GPU divides, on the virtual GPU: no product of a training step, an evaluation or a
# generated text has a leading dimension that slows it down, with tied and untied weights, in both precisions; parameters
# and checkpoints have as many rows as the vocabulary, the same bits on one and two ranks, and go from device to device.
# Usage: odd_vocabulary_test.sh TRAINER VIRTUAL_GPU_FOLDER
virtual_gpu=$(realpath "$2")
. "$(dirname "$0")/common.sh"
make_data
sed -i 's/, dropout: 0.1//' train.yaml  # no key of both families
cat >>train.yaml <<'YAML'
log: {every_steps: 1}
YAML
common=(train.steps=4 schedule.warmup_steps=1 evaluate.every_steps=2 evaluate.batches=1 checkpoint.every_steps=2
  parallel.virtual_ranks=2 batch.micro=2 batch.global=4 model.vocabulary=307)
llama=(model.family=llama model.layers=1 model.heads=2 model.kv_heads=1 model.hidden=64)

on_cpu() { ranks 1 "${common[@]}" device=cpu "$@" || { cat train.log; fail "on the CPU: $*"; }; }
# on_cuda RANKS KEY=VALUE...
on_cuda() {
  local n=$1
  shift
  LD_LIBRARY_PATH="$virtual_gpu" LD_BIND_NOW=1 VGPU_DEVICES=2 VGPU_PROFILE=profile.csv \
    ranks "$n" "${common[@]}" device=cuda "$@" || { cat train.log; fail "on the virtual GPU, $n ranks: $*"; }
}

# Of the last program on the virtual GPU.
expect_aligned() {
  [ "$(grep -c '^"cublasLtMatmul.*m=384 ' profile.csv)" -gt 0 ] || { cat profile.csv; fail "no logits of whole tiles: $1"; }
  ! grep misaligned profile.csv || fail "products with odd leading dimensions: $1"
}
losses() { sed -n 's/.*"\(eval_\)\{0,1\}loss":\([^,}]*\).*/\2/p' "$1/metrics.jsonl"; }
rows_of() { head -c 20000 "$(weights "$1")" | tr -d ' ' | grep -ao "\"$2\":{[^}]*}" | grep -o '"shape":\[[0-9]*' | grep -o '[0-9]*$'; }

# family NAME HEAD PRECISION TOLERANCE KEY=VALUE...
family() {
  local name=$1-$3 head=$2 precision=$3 tolerance=$4
  shift 4
  on_cpu run.dir="cpu-$name" precision="$precision" "$@"
  on_cuda 1 run.dir="one-$name" precision="$precision" "$@"
  expect_aligned "$name"
  [ "$(rows_of "one-$name" "$head")" = 307 ] || fail "$name: a checkpoint of $(rows_of "one-$name" "$head") rows"
  follow "cpu-$name" "one-$name" "$tolerance" 6  # of four steps and two evaluations
  on_cuda 2 run.dir="two-$name" precision="$precision" parallel.stage=3 parallel.bucket_bytes=50000 "$@"
  expect_same "$(weights "one-$name")" "$(weights "two-$name")"
  ! grep -q cudaLaunchHostFunc profile.csv || fail "$name: a stream stops for the host"
}
family gpt2 transformer.wte.weight f32 1e-4
family gpt2 transformer.wte.weight bf16 2e-2
family llama lm_head.weight bf16 2e-2 "${llama[@]}"

# From device to device: the state of every parameter lies in the same place on both.
on_cpu run.dir=from-cuda precision=f32
cp -r one-gpt2-f32 to-cpu
ranks 1 "${common[@]}" run.dir=to-cpu precision=f32 device=cpu train.steps=6 --resume || { cat train.log; fail "CUDA to CPU"; }
on_cuda 1 run.dir=from-cuda precision=f32 train.steps=6 --resume
expect_aligned "resumed"
paste <(losses to-cpu) <(losses from-cuda) | awk '{ d = $1 - $2; if (d > 1e-3 || d < -1e-3 || $2 == "") bad = 1 }
  END { exit bad || NR < 8 }' || fail "the devices go on differently: $(paste <(losses to-cpu) <(losses from-cuda))"

gpu() { LD_LIBRARY_PATH="$virtual_gpu" VGPU_PROFILE=profile.csv "$TRAINER" "$@" device=cuda; }
tells loss gpu eval one-gpt2-bf16
expect_aligned "evaluated"
LD_LIBRARY_PATH="$virtual_gpu" "$TRAINER" generate one-gpt2-f32 --prompt "the king" --tokens 8 --seed 1 >generated.txt
[ "$(wc -c <generated.txt)" -gt 10 ] || fail "nothing generated"
