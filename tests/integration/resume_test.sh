#!/usr/bin/env bash
# Stopped, killed with -9, or stopped by a signal, then resumed on whatever number of ranks: the bits of the run that was
# never disturbed, and each step once in metrics.jsonl.
. "$(dirname "$0")/common.sh"
make_data
ranks 2 run.dir=whole train.steps=800 || { cat train.log; fail "the undisturbed run"; }
steps_once() {
  [ "$(sed -n 's/{"step":\([0-9]*\),"loss".*/\1/p' "$1/metrics.jsonl" | sort -n | uniq | wc -l)" -eq 800 ] &&
    [ "$(grep -c '"loss"' "$1/metrics.jsonl")" -eq 800 ] || fail "$1/metrics.jsonl does not have each of 800 steps once"
}

ranks 2 run.dir=stopped train.steps=800 train.stop_at=130
[ "$(cat stopped/checkpoints/latest)" = step-00000130 ] || fail "stop_at=130 left $(cat stopped/checkpoints/latest)"
refuse 2 "never overwritten" "$TRAINER" train train.yaml run.dir=stopped
ranks 4 run.dir=stopped train.steps=800 run.resume=must || { cat train.log; fail "resuming"; }
expect_same "$(weights whole)" "$(weights stopped)"
steps_once stopped

# Waits until the run has come to a step, then gives the process ids of its ranks.
ranks_at_step() {
  for _ in $(seq 300); do
    if [ -e "$1/metrics.jsonl" ] && [ "$(wc -l <"$1/metrics.jsonl")" -ge "$2" ]; then pgrep -f "^$TRAINER train train.yaml run.dir=$1 "; return; fi
    sleep 0.05
  done
  fail "run $1 did not come to step $2"
}
for victim in 1 2; do  # the first rank, then the other
  run=killed-$victim
  mpirun --oversubscribe -np 2 "$TRAINER" train train.yaml "run.dir=$run" train.steps=800 >kill.log 2>&1 &
  kill -9 "$(ranks_at_step "$run" 60 | sed -n "${victim}p")"
  ! wait $! || fail "the job went on without a rank"
  [ "$(grep -c '"loss"' "$run/metrics.jsonl")" -lt 800 ] || fail "the kill came too late to test anything"
  ranks 2 "run.dir=$run" train.steps=800 run.resume=auto || { cat train.log; fail "resuming after a kill"; }
  expect_same "$(weights whole)" "$(weights "$run")"
  steps_once "$run"
done

"$TRAINER" train train.yaml run.dir=signalled train.steps=800 >signal.log 2>&1 &
trainer=$!
ranks_at_step signalled 30 >/dev/null
kill -TERM "$trainer"
code=0
wait "$trainer" || code=$?
[ "$code" -eq 85 ] || { cat signal.log; fail "TERM ended with $code, wanted 85"; }
"$TRAINER" train train.yaml run.dir=signalled train.steps=800 --resume >signal.log 2>&1
expect_same "$(weights whole)" "$(weights signalled)"
steps_once signalled

# mpirun passes a TERM on to its ranks, which save; whatever it then ends with itself, the run goes on.
mpirun --oversubscribe -np 2 "$TRAINER" train train.yaml run.dir=job train.steps=800 >signal.log 2>&1 &
job=$!
ranks_at_step job 30 >/dev/null
kill -TERM "$job"
! wait "$job" || fail "the job ended as if nothing had happened"
# Asked of the run folder: what ranks say after the signal, mpirun may no longer pass on.
grep -q "stopped by a signal after step" job/log.txt || { cat signal.log job/log.txt; fail "TERM to mpirun saved nothing"; }
ranks 2 run.dir=job train.steps=800 run.resume=must || { cat train.log; fail "resuming a job stopped by TERM"; }
expect_same "$(weights whole)" "$(weights job)"
steps_once job
