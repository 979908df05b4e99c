#!/usr/bin/env bash
# Any step of a finished run, run again: the recorded bits, on one rank or many, from a checkpoint or from the start.
. "$(dirname "$0")/common.sh"
make_data
ranks 2 run.dir=run precision=bf16 || { cat train.log; fail "the run"; }
before=$(find run -type f -exec sha256sum {} + | sort)

"$TRAINER" replay run --step 25 >replay.log 2>&1 || { cat replay.log; fail "replaying step 25 on one rank"; }
grep -q "step-00000020" replay.log || fail "it did not begin at the checkpoint of step 20"
grep -q "these are the recorded bits" replay.log || fail "it does not say that the bits are the recorded ones"
[ "$(grep -c "transformer.h.1.attn" replay.log)" -ge 1 ] || { cat replay.log; fail "no statistics of the layers"; }
"$TRAINER" replay run --step 7 >replay.log 2>&1 || { cat replay.log; fail "replaying step 7"; }
grep -q "from the initial weights" replay.log || fail "step 7 lies before every checkpoint that is left"
for start in 4:0 2:3; do
  mpirun --oversubscribe -np "${start%:*}" "$TRAINER" replay run "parallel.stage=${start#*:}" --step 40 >replay.log 2>&1 ||
    { cat replay.log; fail "replaying step 40 on $start"; }
done

refuse 72 "step 25 was recorded with loss" "$TRAINER" replay run optimizer.lr=0.01 --step 25
refuse 2 "has no step 41; it has steps 1 to 40" "$TRAINER" replay run --step 41
refuse 2 "--step wants a number" "$TRAINER" replay run
refuse 2 "no run folder" "$TRAINER" replay data --step 1
[ "$before" = "$(find run -type f -exec sha256sum {} + | sort)" ] || fail "replaying changed the run folder"
