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

# A learning rate so high that the loss jumps: the run goes back, again and again, and every step that it has kept can be
# replayed, also from before a rollback (of the first checkpoints none is left) and from the very step it went back to.
guarded() { ranks "$@" precision=bf16 optimizer.lr=0.1 guard.spike_sigma=2 guard.window_steps=5 guard.rollback=true guard.max_rollbacks=50; }
rollbacks() { grep '"rollback_from"' "$1/metrics.jsonl"; }
guarded 2 run.dir=guarded || { cat train.log; fail "the guarded run"; }
rollbacks guarded || fail "the loss never jumped: nothing is tested"
grep -q "Back to the checkpoint of step\|Back to the initial weights" guarded/log.txt || fail "log.txt does not say that it went back"
[ "$(sed -n 's/{"step":\([0-9]*\),"loss".*/\1/p' guarded/metrics.jsonl)" = "$(seq 40)" ] || fail "not each step once, in order"
back_to=$(rollbacks guarded | tail -n 1 | sed 's/{"step":\([0-9]*\),.*/\1/')
for start in 1:0:12 1:0:$((back_to + 1)) 4:0:$((back_to + 3)) 2:3:40; do
  IFS=: read -r n stage step <<<"$start"
  mpirun --oversubscribe -np "$n" "$TRAINER" replay guarded "parallel.stage=$stage" --step "$step" >replay.log 2>&1 ||
    { cat replay.log; fail "replaying step $step after a rollback on $start"; }
done
guarded 4 run.dir=stopped parallel.stage=3 train.stop_at=17 && guarded 1 run.dir=stopped run.resume=must ||
  { cat train.log; fail "the guarded run in two parts"; }
expect_same "$(weights guarded)" "$(weights stopped)"
diff <(rollbacks guarded) <(rollbacks stopped) || fail "stopped and resumed, it went back elsewhere"
