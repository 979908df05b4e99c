#!/usr/bin/env bash
# Disks that are much slower than parallel.timeout_s: the last checkpoint is whole, a resume succeeds, nobody healthy is
# blamed; and what takes longer than checkpoint.timeout_s ends the job.
slow_files=$(realpath "$2")
. "$(dirname "$0")/common.sh"
make_data
# slow NAME=SECONDS... -- KEY=VALUE...: two ranks with such a file system, output in train.log, waits in waits.log
slow() {
  local environment=(-x "LD_PRELOAD=$slow_files" -x "SLOW_LOG=$PWD/waits.log")
  rm -f waits.log
  while [ "$1" != -- ]; do environment+=(-x "$1"); shift; done
  shift
  timeout 300 mpirun --oversubscribe "${environment[@]}" -np 2 "$TRAINER" train train.yaml "$@" >train.log 2>&1
}
short=(parallel.timeout_s=1 parallel.threads=1 train.steps=10 evaluate.every_steps=0)

ranks 2 run.dir=quick "${short[@]}" || { cat train.log; fail "on a quick disk"; }
for rank in 0 1; do
  slow SLOW_FSYNC=3 SLOW_FILES_IN=/slow$rank/ SLOW_RANK=$rank -- run.dir=slow$rank "${short[@]}" ||
    { cat train.log; fail "fsync of rank $rank takes 3 s, exit code $?"; }
  grep -q SLOW_FSYNC waits.log || fail "nothing of rank $rank was slow"
  expect_same "$(weights quick)" "$(weights slow$rank)"
  "$TRAINER" eval slow$rank >eval.log || { cat eval.log; fail "the last checkpoint is not whole"; }
  ! grep -q "Diagnosis" train.log || { cat train.log; fail "a healthy rank was blamed"; }
done

# Data that one rank opens much more slowly.
for rank in 0 1; do
  slow SLOW_OPEN=1.5 SLOW_FILES_IN=/data/ SLOW_RANK=$rank -- run.dir=opens$rank "${short[@]}" evaluate.batches=1 ||
    { cat train.log; fail "rank $rank opens data slowly, exit code $?"; }
  grep -q SLOW_OPEN waits.log || fail "no open of rank $rank was slow"
  expect_same "$(weights quick)" "$(weights opens$rank)"
done

slow SLOW_FSYNC=3 SLOW_FILES_IN=/slow0/ SLOW_RANK=0 -- run.dir=slow0 "${short[@]}" train.steps=20 run.resume=must ||
  { cat train.log; fail "resuming on a slow disk"; }
grep -qE "step-00000020 was written at [0-9.e-]+ MB/s: .* the file system of .* is slow" train.log ||
  { cat train.log; fail "no word of the slow disk"; }
grep -qE "writing step-00000020: for 1[0-9] s so far; .* still work.*; here [0-9.]+ MB" train.log ||
  { cat train.log; fail "no progress was told"; }

# Reads that take rank 0 much longer than the others wait for a collective.
slow SLOW_READ=0.4 SLOW_OPEN=0.4 SLOW_FILES_IN=/quick/checkpoints/ SLOW_RANK=0 -- run.dir=quick "${short[@]}" \
  parallel.timeout_s=3 train.steps=20 run.resume=must || { cat train.log; fail "a resume that reads slowly, exit code $?"; }
expect_same "$(weights slow0)" "$(weights quick)"
grep -q SLOW_READ waits.log && grep -q SLOW_OPEN waits.log || fail "no read was slow"

code=0
slow SLOW_FSYNC=6 SLOW_FILES_IN=/late/ SLOW_RANK=1 -- run.dir=late "${short[@]}" checkpoint.timeout_s=2 || code=$?
[ "$code" -eq 71 ] || { cat train.log; fail "exit code $code for what takes longer than checkpoint.timeout_s, wanted 71"; }
grep -q "longer than checkpoint.timeout_s = 2; " train.log || { cat train.log; fail "not said why"; }
