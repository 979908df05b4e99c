#!/usr/bin/env bash
# 1, 2 and 4 ranks of one global batch end in the same bytes, in both precisions, dropout on.
. "$(dirname "$0")/common.sh"
make_data
for precision in f32 bf16; do
  for n in 1 2 4; do
    ranks "$n" "run.dir=$precision-$n" "precision=$precision" || { cat train.log; fail "$n ranks, $precision"; }
    expect_same "$(weights "$precision-1")" "$(weights "$precision-$n")"
    losses() { sed -n 's/.*"loss":\([^,]*\),.*"grad_norm":\([^,]*\),.*/\1 \2/p' "$1/metrics.jsonl"; }
    [ "$(losses "$precision-1")" = "$(losses "$precision-$n")" ] || fail "losses of $n ranks differ"
    [ "$(losses "$precision-$n" | wc -l)" -eq 40 ] || fail "metrics.jsonl does not have 40 steps"
  done
done
! cmp -s "$(weights f32-1)" "$(weights bf16-1)" || fail "f32 and bf16 gave the same file: the comparison sees nothing"
