#!/usr/bin/env bash
# What asks a run to end makes it save first, and outputs that nobody reads any more end nothing that makes something
# else; commands that only print end as other programs do.
. "$(dirname "$0")/common.sh"
# shellcheck disable=SC2154  # from common.sh
convoy_run=$source_dir/launcher/convoy-run
make_data
long=(train.steps=2000000 checkpoint.every_steps=0 evaluate.every_steps=0 log.tensorboard=false)

# begin RUN COMMAND...: the command, in the background, once the run has done a step
begin() {
  local run=$1
  shift
  env --default-signal=INT,QUIT "$@" >"$run.log" 2>&1 &
  job=$!
  for _ in $(seq 600); do [ ! -s "$run/metrics.jsonl" ] || return 0; sleep 0.05; done
  cat "$run.log"; fail "$run did not begin"
}
# ends_with CODE RUN: the command ends so, and the run has saved
ends_with() {
  local code=0
  wait "$job" || code=$?
  [ "$code" -eq "$1" ] || { tail -20 "$2.log"; fail "$2 ended with $code, wanted $1"; }
  [ -s "$2/checkpoints/latest" ] || { tail -20 "$2.log"; fail "$2 saved nothing"; }
}

for signal in HUP INT PWR; do
  begin "one-$signal" "$TRAINER" train train.yaml run.dir="one-$signal" "${long[@]}"
  kill "-$signal" "$job"
  ends_with 85 "one-$signal"
done
begin nohup nohup "$TRAINER" train train.yaml run.dir=nohup "${long[@]}"
kill -HUP "$job"; sleep 0.3
kill -USR2 "$job" || fail "under nohup HUP ended the run"
ends_with 85 nohup

# mpirun sends its ranks TERM on a HUP, as on a TERM, and ends with 1.
begin mpirun mpirun --oversubscribe -np 2 "$TRAINER" train train.yaml run.dir=mpirun "${long[@]}"
kill -HUP "$job"
ends_with 1 mpirun
for signal in HUP XCPU; do
  begin "convoy-$signal" "$convoy_run" --trainer "$TRAINER" -np 2 -- train.yaml run.dir="convoy-$signal" "${long[@]}"
  kill "-$signal" "$job"
  ends_with 85 "convoy-$signal"
done

# The reader goes after one line, with it what standard error shared.
to_the_end=(train.steps=40 log.every_steps=1)
# unread CODE COMMAND...: the command ends so although nobody reads its output any more
unread() {
  local wanted=$1
  shift
  { code=0; "$@" 2>&1 || code=$?; echo "$code" >code; } | head -n 1 >/dev/null || true
  [ "$(cat code)" -eq "$wanted" ] || fail "exit code $(cat code), wanted $wanted, without a reader: $*"
}
unread 0 "$TRAINER" train train.yaml run.dir=unread "${to_the_end[@]}"
unread 0 mpirun --oversubscribe -np 2 "$TRAINER" train train.yaml run.dir=unread-mpirun "${to_the_end[@]}"
unread 0 "$convoy_run" --trainer "$TRAINER" -np 2 -- train.yaml run.dir=unread-convoy "${to_the_end[@]}"
for run in unread unread-mpirun unread-convoy; do
  grep -q '"exit_code": 0, "step": 40' "$run/outcome.json" || fail "$run was not finished"
  [ "$(grep -c 'step .*/40 ' "$run/log.txt")" -eq 40 ] || fail "$run: log.txt has not all of it"
  [ -s "$run/report.html" ] || fail "$run: no report"
done
expect_same "$(weights unread)" "$(weights unread-mpirun)"
{ sleep 1; "$TRAINER" data import-text text.txt unread-data; } | true
"$TRAINER" data verify unread-data >verify.log || fail "an import without a reader is not whole"
{ sleep 1; "$TRAINER" report unread; } | true

# What only prints ends: of a closed pipe as other programs do, or where nobody takes PIPE, and on a full disk, in words.
unread 141 "$TRAINER" generate unread --tokens 20000
(trap '' PIPE; unread 70 "$TRAINER" generate unread --tokens 20000)
for words in "generate unread --tokens 5" "eval unread" config "config train.yaml" "data inspect data" doctor --help; do
  # shellcheck disable=SC2086  # words
  (refuse 70 "cannot write standard output: No space left" bash -c '"$@" 2>&1 >/dev/full' trainer "$TRAINER" $words)
done

# A limit on the size of files is a full disk: training goes on, and the run says what is missing.
refuse 4 "could not be written" bash -c 'ulimit -f 20; "$@"' trainer "$TRAINER" train train.yaml run.dir=small
grep -q "ulimit -f" refuse.log || { cat refuse.log; fail "no remedy for a limit on the size of files"; }
