#!/usr/bin/env bash
# `trainer plan` tells a run's memory to the byte: the bytes planned for N ranks, in one process and without the data's
# folder being touched, are the memory_bytes that a run on N ranks writes at its first and last step.
# Usage: plan_test.sh TRAINER [VIRTUAL_GPU_FOLDER]     with the folder: runs on CUDA devices, planned without one
virtual_gpu=${2:+$(realpath "$2")}
. "$(dirname "$0")/common.sh"
make_data
device=$([ -n "$virtual_gpu" ] && echo cuda || echo cpu)
cases=0

plan() { "$TRAINER" plan train.yaml device=$device "$@"; }

# same_bytes RANKS KEY=VALUE...
same_bytes() {
  local n=$1 planned run found
  shift
  run=run-$((cases += 1))
  planned=$(plan --ranks "$n" --json "$@" | sed -n 's/.*"bytes":\([0-9]*\),"kinds".*/\1/p')
  LD_LIBRARY_PATH="$virtual_gpu" LD_BIND_NOW=${virtual_gpu:+1} VGPU_DEVICES=4 ranks "$n" device=$device train.steps=2 \
    evaluate.every_steps=1 run.dir=$run "$@" || { cat train.log; fail "$n ranks: $*"; }
  found=$(sed -n 's/.*"memory_bytes":\([0-9]*\).*/\1/p' $run/metrics.jsonl | sort -u)
  [ -n "$planned" ] && [ "$found" = "$planned" ] || fail "$n ranks, $*: planned $planned, allocated $found"
}

if [ -n "$virtual_gpu" ]; then
  same_bytes 1
  same_bytes 1 precision=bf16 train.recompute=block
  same_bytes 2 precision=bf16 parallel.stage=1
  same_bytes 2 parallel.stage=2 batch.global=4 parallel.virtual_ranks=2
  same_bytes 2 precision=bf16 parallel.stage=3 train.cuda_graph=false
  same_bytes 4 parallel.stage=3 parallel.shard_ranks=2
else
  same_bytes 1
  same_bytes 1 precision=bf16
  same_bytes 1 train.recompute=block model.dropout=0
  same_bytes 1 parallel.virtual_ranks=1 batch.global=2 evaluate.batches=0
  same_bytes 1 precision=bf16 train.ema_decay=0.9 parallel.gradient_dtype=bf16
  same_bytes 1 model.layers=3 model.heads=4 model.channels=36 batch.micro=1 train.recompute=block
  same_bytes 2 parallel.stage=0 parallel.gradient_dtype=bf16
  same_bytes 2 parallel.stage=0 parallel.reproducible=false
  same_bytes 2 parallel.stage=1 precision=bf16 parallel.bucket_bytes=16384
  same_bytes 2 parallel.stage=2 parallel.sentinel_every=1
  same_bytes 2 parallel.stage=2 batch.global=4 parallel.virtual_ranks=2 parallel.bucket_bytes=30000
  same_bytes 2 parallel.stage=3 train.recompute=block precision=bf16
  same_bytes 4 parallel.stage=1 parallel.bucket_bytes=50000 train.ema_decay=0.99
  same_bytes 4 parallel.stage=2 batch.global=8 parallel.shard_ranks=2 parallel.bucket_bytes=40000
  same_bytes 4 parallel.stage=3 parallel.shard_ranks=2 precision=bf16
  same_bytes 2 parallel.stage=2 batch.global=4 parallel.virtual_ranks=2 "optimizer.groups=[{match: \"*.bias\", freeze: true}]"
  same_bytes 4 parallel.stage=3 batch.micro=1 batch.global=4 parallel.gradient_dtype=bf16
fi

# Every kind of memory of a run is there, in words too; without the data the vocabulary does.
tells 'device memory' plan --ranks 4 parallel.stage=3
vocabulary=$("$TRAINER" config run-1/config.yaml --value model.vocabulary)
without_data() { sed 's/"start":{.*"hang_watch"/"start":null,"hang_watch"/'; }
same=$(plan --json | without_data)
[ "$(plan --json data.path=nowhere model.vocabulary="$vocabulary")" = "$same" ] || fail "planned otherwise without the data"
refuse 2 'give model.vocabulary=N' plan data.path=nowhere
refuse 2 'is not a multiple of batch.micro x ranks' plan --ranks 3 parallel.virtual_ranks=auto
refuse 2 '--ranks' plan --ranks 0
refuse 2 'there are a10-24g' plan --card h101
if [ -n "$virtual_gpu" ]; then
  tells 'fits h100-80g' plan --card h100-80g
  tells 'assumed of h100-80g: products' plan --card h100
  tells 'this machine has no GPU' plan
  tells 'fits this machine' env LD_LIBRARY_PATH="$virtual_gpu" "$TRAINER" plan train.yaml device=cuda
else
  refuse 2 'device = cpu computes on no card' plan --card h100-80g
  tells 'fits this machine' plan
  tells 'measured on' plan --calibrate
fi
echo "planned bytes are the allocated bytes of $cases configs on $device"
