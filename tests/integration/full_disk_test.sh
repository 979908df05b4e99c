#!/usr/bin/env bash
# A disk that fills up, and a checkpoint folder that becomes read-only: imports leave nothing; training goes on, the last
# good checkpoint stays whole, and a run whose last checkpoint is missing says so at the end.
# Needs root for a small tmpfs; skips otherwise.
. "$(dirname "$0")/common.sh"
mkdir small
if ! mount -t tmpfs -o size=2m tmpfs small 2>/dev/null; then
  echo "skipped: a small file system cannot be mounted here (not root?)"
  exit 77
fi
trap 'umount "$work/small/late/checkpoints" 2>/dev/null || true; umount "$work/small"; rm -rf "$work"' EXIT
make_data
for _ in $(seq 60); do cat text.txt; done >long.txt
refuse 3 "No space left on device" "$TRAINER" data import-text long.txt small/data
[ ! -e small/data ] || fail "an import that failed left a folder"
awk '{ printf "{\"text\": \"%s %d\"}\n", $0, NR }' long.txt >long.jsonl
refuse 3 "No space left on device" "$TRAINER" data import-jsonl long.jsonl small/data --tokenizer bytes
[ ! -e small/data ] || fail "an import of JSON lines that failed left a folder"

awk 'BEGIN { OFS = ","; print "a,b,c,d,y"; for (i = 0; i < 200000; i++) print i, i % 7, i % 11, i / 3, i % 5 }' >large.csv
refuse 3 "No space left on device" "$TRAINER" data import-csv large.csv small/data --target y
"$TRAINER" data import-csv large.csv roomy --target y >import.log || { cat import.log; fail "with room"; }
refuse 3 "No space left on device" "$TRAINER" data import-hdf5 roomy/train-00000.h5 small/data --x x --y y
[ -z "$(ls -A small)" ] || fail "an import that failed left $(ls -A small)"

head -c 1950000 /dev/zero >small/filler
refuse 4 "could not be written" "$TRAINER" train train.yaml run.dir=small/run
grep -q "a checkpoint takes .* but only .* are free in small/run/checkpoints: make room" refuse.log || { cat refuse.log; fail "no warning at the start"; }
[ "$(grep -c '"loss"' small/run/metrics.jsonl)" -eq 40 ] || fail "training did not go on"
! ls small/run/checkpoints/step-* 2>/dev/null || fail "a checkpoint that could not be written looks whole"
rm small/filler
"$TRAINER" train train.yaml run.dir=small/run train.steps=45 run.resume=auto >resume.log 2>&1 || { cat resume.log; fail "resuming with room again"; }
rm -rf small/run

# Full after a good checkpoint: it is what is left, byte for byte.
ranks 2 run.dir=small/late train.stop_at=20 || { cat train.log; fail "with room"; }
cp -r small/late/checkpoints good
head -c $((2097152 - $(du -sb small | cut -f1) - 120000)) /dev/zero >small/filler
refuse 4 "could not be written" mpirun --oversubscribe -np 2 "$TRAINER" train train.yaml run.dir=small/late run.resume=must
grep -q "older checkpoints are untouched" refuse.log || { cat refuse.log; fail "no warning when it happened"; }
rm small/filler
# mpirun may end a rank before it has removed its part of what failed; the next start does, and no reader sees it.
diff -r --exclude='.step-*.tmp' good small/late/checkpoints || fail "a full disk changed an older checkpoint"
"$TRAINER" eval small/late >eval.log || { cat eval.log; fail "the last good checkpoint is not"; }

# Read-only for a while: the run goes on, and saves again as soon as it can.
"$TRAINER" train train.yaml run.dir=small/late run.resume=must train.steps=4000 evaluate.every_steps=0 \
  checkpoint.every_steps=50 >late.log 2>&1 &
trainer=$!
wait_for() { for _ in $(seq 400); do ! eval "$1" || return 0; sleep 0.02; done; tail -5 late.log; fail "never: $1"; }
wait_for '[ -e small/late/checkpoints/step-00000050 ]'
mount --bind small/late/checkpoints small/late/checkpoints && mount -o remount,ro,bind small/late/checkpoints
wait_for 'grep -q "was not written" late.log'
last=$(cat small/late/checkpoints/latest)
"$TRAINER" eval "small/late/checkpoints/$last" >eval.log || { cat eval.log; fail "$last is not whole"; }
umount small/late/checkpoints
# shellcheck disable=SC2016
wait_for '[ "$(cat small/late/checkpoints/latest)" != "$last" ]'
kill -TERM "$trainer"
code=0
wait "$trainer" || code=$?
[ "$code" -eq 85 ] || { tail -5 late.log; fail "ended with $code, wanted 85"; }
