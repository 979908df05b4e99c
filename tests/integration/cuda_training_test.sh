#!/usr/bin/env bash
# The CUDA build of the trainer on the virtual GPU, as a person runs it: 20 steps of a small GPT, kernel by kernel and as
# CUDA graphs, on one and on two ranks, sharded and watched by the sentinel, follow the CPU's losses; no order of streams
# changes a bit; and a run whose loss jumps goes back to the same bits on one rank and on two.
# Usage: cuda_training_test.sh TRAINER VIRTUAL_GPU_FOLDER
virtual_gpu=$(realpath "$2")
. "$(dirname "$0")/common.sh"
# Loading cuBLASLt takes longer than many a command, which is to wait for it only where a GPU multiplies.
LD_DEBUG=libs "$TRAINER" config --schema >libraries.log 2>&1
grep -q libcudart libraries.log || fail "LD_DEBUG tells of no libraries"
! grep -q libcublasLt libraries.log || fail "cuBLASLt is loaded without need"

make_data
cat >>train.yaml <<'YAML'
optimizer: {lr: 3.0e-3}
log: {every_steps: 1}
YAML
steps=20
common=(train.steps=$steps schedule.warmup_steps=2 evaluate.every_steps=10 checkpoint.every_steps=10
  parallel.virtual_ranks=2 batch.micro=4 batch.global=8 model.channels=128)

on_cpu() { ranks 1 "${common[@]}" device=cpu "$@" || { cat train.log; fail "on the CPU: $*"; }; }
# on_cuda RANKS SEED KEY=VALUE...
on_cuda() {
  local n=$1 seed=$2
  shift 2
  LD_LIBRARY_PATH="$virtual_gpu" LD_BIND_NOW=1 VGPU_DEVICES=2 VGPU_SEED=$seed \
    ranks "$n" "${common[@]}" device=cuda "$@" || { cat train.log; fail "on the virtual GPU, $n ranks: $*"; }
}

for precision in f32 bf16; do
  tolerance=$([ $precision = f32 ] && echo 1e-4 || echo 2e-2)
  on_cpu run.dir=cpu-$precision precision=$precision
  on_cuda 1 1 run.dir=graph-$precision precision=$precision
  follow cpu-$precision graph-$precision $tolerance $((steps + 2))
  on_cuda 1 7 run.dir=eager-$precision precision=$precision train.cuda_graph=false
  expect_same "$(weights graph-$precision)" "$(weights eager-$precision)"
  on_cuda 2 5 run.dir=two-$precision precision=$precision
  expect_same "$(weights graph-$precision)" "$(weights two-$precision)"
  stage=$([ $precision = f32 ] && echo 2 || echo 3)
  on_cuda 2 9 run.dir=sharded-$precision precision=$precision parallel.stage=$stage parallel.bucket_bytes=200000 \
    parallel.sentinel_every=10
  expect_same "$(weights graph-$precision)" "$(weights sharded-$precision)"
done

# Dropout draws the same numbers on both devices; recomputation changes no bit.
LD_LIBRARY_PATH="$virtual_gpu" "$TRAINER" generate graph-f32 --prompt "the king" --tokens 20 --seed 1 >generated.txt
[ "$(wc -c <generated.txt)" -gt 20 ] || fail "nothing generated"
on_cuda 1 3 run.dir=block train.recompute=block
expect_same "$(weights graph-f32)" "$(weights block)"

# A loss that jumps: the guards read it on the host, what they go back to lies on the device.
guarded() {
  on_cuda "$@" optimizer.lr=0.03 checkpoint.every_steps=5 guard.spike_sigma=1 guard.window_steps=5 guard.rollback=true \
    guard.max_rollbacks=50
}
rollbacks() { grep '"rollback_from"' "$1/metrics.jsonl"; }
guarded 1 2 run.dir=guarded
rollbacks guarded || fail "the loss never jumped: nothing is tested"
guarded 2 4 run.dir=guarded-sharded parallel.stage=2
expect_same "$(weights guarded)" "$(weights guarded-sharded)"
diff <(rollbacks guarded) <(rollbacks guarded-sharded) || fail "sharded over two ranks it went back elsewhere"
