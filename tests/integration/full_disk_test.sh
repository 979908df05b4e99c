#!/usr/bin/env bash
# A disk that fills up: imports leave nothing, training goes on and says at the end that its last checkpoint is missing.
# Needs root for a small tmpfs; skips otherwise.
. "$(dirname "$0")/common.sh"
mkdir small
if ! mount -t tmpfs -o size=2m tmpfs small 2>/dev/null; then
  echo "skipped: a small file system cannot be mounted here (not root?)"
  exit 77
fi
trap 'umount "$work/small"; rm -rf "$work"' EXIT
make_data
for _ in $(seq 60); do cat text.txt; done >long.txt
refuse 3 "small" "$TRAINER" data import-text long.txt small/data
[ ! -e small/data ] || fail "an import that failed left a folder"

head -c 1950000 /dev/zero >small/filler
refuse 4 "could not be written" "$TRAINER" train train.yaml run.dir=small/run
[ "$(grep -c '"loss"' small/run/metrics.jsonl)" -eq 40 ] || fail "training did not go on"
! ls small/run/checkpoints/step-* 2>/dev/null || fail "a checkpoint that could not be written looks whole"
rm small/filler
"$TRAINER" train train.yaml run.dir=small/run train.steps=45 run.resume=auto >resume.log 2>&1 || { cat resume.log; fail "resuming with room again"; }
