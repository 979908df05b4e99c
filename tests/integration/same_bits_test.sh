#!/usr/bin/env bash
# 1, 2 and 4 ranks of one global batch end in the same bytes, whatever they shard, in both precisions, dropout on.
. "$(dirname "$0")/common.sh"
make_data
losses() { sed -n 's/.*"loss":\([^,]*\),.*"grad_norm":\([^,]*\),.*/\1 \2/p' "$1/metrics.jsonl"; }

# same PRECISION RANKS STAGE KEY=VALUE...: a run, compared with the first of its precision. Of 4 micro-batches a step, 4
# ranks have one each, and keep no gradients of stage 2 and 3; fewer ranks add theirs up.
same() {
  local precision=$1 n=$2 stage=$3 run=$1-$2-$3${suffix:-}
  shift 3
  ranks "$n" "run.dir=$run" "precision=$precision" batch.micro=4 "parallel.stage=$stage" parallel.bucket_bytes=20000 "$@" ||
    { cat train.log; fail "$n ranks, stage $stage, $precision"; }
  expect_same "$(weights "$precision-1-0")" "$(weights "$run")"
  [ "$(losses "$precision-1-0")" = "$(losses "$run")" ] || fail "losses of $run differ"
  [ "$(losses "$run" | wc -l)" -eq 40 ] || fail "metrics.jsonl does not have 40 steps"
}

for precision in f32 bf16; do
  for n in 1 2 4; do same "$precision" "$n" 0; done
  for stage in 1 2 3; do
    same "$precision" 2 "$stage"
    same "$precision" 4 "$stage"
  done
done
suffix=-grouped same bf16 4 3 parallel.shard_ranks=2
suffix=-recomputed same f32 4 3 train.recompute=block
! cmp -s "$(weights f32-1-0)" "$(weights bf16-1-0)" || fail "f32 and bf16 gave the same file: the comparison sees nothing"
