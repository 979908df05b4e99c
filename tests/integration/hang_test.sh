#!/usr/bin/env bash
# A rank that is stopped in the middle of training: the other names it and what they were at, within the deadline, and
# nothing of the job is left. Needs no root: one machine, two ranks.
. "$(dirname "$0")/common.sh"
make_data
timeout_s=5
mpirun --oversubscribe -np 2 "$TRAINER" train train.yaml run.dir=run "parallel.timeout_s=$timeout_s" parallel.threads=1 \
  train.steps=1000000 checkpoint.every_steps=1000000 evaluate.every_steps=1000000 >hang.log 2>&1 &
job=$!
for _ in $(seq 400); do
  if [ -e run/metrics.jsonl ] && [ "$(wc -l <run/metrics.jsonl)" -ge 20 ]; then break; fi
  sleep 0.05
done

[ ! -e run/ranks ] || fail "ranks of one machine wrote their states into files"
mapfile -t ranks < <(pgrep -f "^$TRAINER train train.yaml run.dir=run parallel.timeout_s=$timeout_s" -P "$job" | sort -n)
[ "${#ranks[@]}" -eq 2 ] || fail "mpirun has ${#ranks[@]} ranks, wanted 2"
victim=
for pid in "${ranks[@]}"; do
  if is_rank "$pid" 1; then victim=$pid; fi
done
kill -STOP "$victim"
begin=$SECONDS code=0
wait "$job" || code=$?
took=$((SECONDS - begin))
[ "$code" -eq 71 ] || { cat hang.log; fail "the job ended with $code, wanted 71"; }
[ "$took" -le $((timeout_s + 10)) ] || fail "the job took $took s to end, the deadline is $timeout_s s"
lives() { [ -e "/proc/$1" ] && [ "$(cut -d' ' -f3 "/proc/$1/stat" 2>/dev/null || echo Z)" != Z ]; }
for pid in "${ranks[@]}"; do
  for _ in $(seq 20); do lives "$pid" || break; sleep 0.1; done  # killed, it still has its memory to give back
  ! lives "$pid" || fail "process $pid survived the job"
done

verdict="rank 1 on [^ ]+ \(pid $victim\) is stopped by a signal: no sign of life for [0-9.]+ s, (in|after) [a-z_]+ #[0-9]+ of [0-9]+ bytes"
grep -qE "^rank 0 on [^ ]+: [a-z_]+ of [0-9]+ bytes, step [0-9]+, .* has been waiting for .*Diagnosis: $verdict" hang.log ||
  { cat hang.log; fail "rank 0 did not name the stopped rank"; }
grep -qE "^Diagnosis: $verdict" run/hang-report.txt || { cat run/hang-report.txt; fail "the report does not name the stopped rank"; }

# The run goes on, and what is left of the hang does not mislead the next one.
ranks 2 run.dir=run train.steps=40 run.resume=auto checkpoint.every_steps=10 || { cat train.log; fail "starting again"; }
[ ! -e run/ranks ] || fail "run/ranks outlived a run that ended well"
