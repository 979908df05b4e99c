#!/usr/bin/env bash
# Training on a virtual GPU whose libraries are as unkind as their documentation lets them be (tests/virtual_gpu/README.md),
# under ten seeds: losses of a GPT and of a Llama with grouped queries, a window and packed documents follow the CPU's,
# and one rank and two sharded ranks, which are stopped and resumed, have the same bits.
# Usage: cuda_unkind_test.sh TRAINER VIRTUAL_GPU_FOLDER [SEED...]   (default 1 to 10)
virtual_gpu=$(realpath "$2")
seeds=("${@:3}")
((${#seeds[@]})) || seeds=(1 2 3 4 5 6 7 8 9 10)
. "$(dirname "$0")/common.sh"
make_data
sed -i 's/, dropout: 0.1//' train.yaml  # no key of both families
cat >>train.yaml <<'YAML'
log: {every_steps: 1}
YAML
# Short texts, of which two or three share a sequence.
awk 'BEGIN { split("king,fool,lady,ghost,crow", who, ",")
  for (i = 0; i < 400; i++) printf "{\"text\": \"%s %d %s\"}\n", who[1 + i % 5], i, who[1 + i * 3 % 5] }' >talk.jsonl
"$TRAINER" data import-jsonl talk.jsonl talk --tokenizer bytes --format plain --validation 0.1 >import.log || { cat import.log; fail "import"; }
steps=4
common=(train.steps=$steps schedule.warmup_steps=1 evaluate.every_steps=2 evaluate.batches=1 checkpoint.every_steps=2
  parallel.virtual_ranks=2 batch.micro=2 batch.global=4 model.channels=64)
llama=(model.family=llama model.heads=4 model.kv_heads=2 model.hidden=96 model.window=8
  data.path=talk)

# on_cuda SEED RANKS KEY=VALUE...
on_cuda() {
  local seed=$1 n=$2
  shift 2
  # By counters: by the clock, two runs may each find another product the fastest.
  VGPU_UNKIND=$seed LD_LIBRARY_PATH="$virtual_gpu" LD_BIND_NOW=1 VGPU_DEVICES=2 VGPU_SEED=$seed VGPU_TIME=counted \
    ranks "$n" "${common[@]}" device=cuda "$@" || { cat train.log; fail "seed $seed, $n ranks: $*"; }
}

different=0
for seed in "${seeds[@]}"; do
  # Families, precisions, stages and ways to choose products take turns.
  family=$([ $((seed % 2)) = 1 ] && echo gpt2 || echo llama)
  precision=$([ $((seed / 2 % 2)) = 1 ] && echo f32 || echo bf16)
  products=$([ $((seed % 3)) = 0 ] && echo timed || echo heuristic)
  tolerance=$([ $precision = f32 ] && echo 1e-4 || echo 2e-2)
  these=(precision=$precision)
  [ $family = gpt2 ] || these+=("${llama[@]}")
  cpu=cpu-$family-$precision
  [ -e $cpu ] || ranks 1 "${common[@]}" device=cpu run.dir=$cpu "${these[@]}" || { cat train.log; fail "on the CPU: ${these[*]}"; }
  these+=(train.products=$products)
  on_cuda "$seed" 1 run.dir="one-$seed" "${these[@]}"
  follow $cpu "one-$seed" $tolerance $((steps + 2))
  on_cuda "$seed" 2 run.dir="two-$seed" "${these[@]}" parallel.stage=$((seed % 4)) parallel.bucket_bytes=50000 train.stop_at=2
  on_cuda "$seed" 2 run.dir="two-$seed" "${these[@]}" parallel.stage=$((seed % 4)) parallel.bucket_bytes=50000 --resume
  expect_same "$(weights "one-$seed")" "$(weights "two-$seed")"
  kind=kind-$family-$precision-$products
  [ -e $kind ] || on_cuda 0 1 run.dir=$kind "${these[@]}"
  cmp -s "$(weights $kind)" "$(weights "one-$seed")" || different=$((different + 1))
done
# Else the seeds changed nothing, and nothing was tested.
[ "$different" -ge $((${#seeds[@]} * 8 / 10)) ] || fail "$different of ${#seeds[@]} seeds changed a bit"
