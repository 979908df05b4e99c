#!/usr/bin/env bash
# What a resume holds in memory is what the rank owns, at every stage: no rank has a whole checkpoint, or a copy of its
# part, at any time. Peak memory of each process, beside that of a model so small that it weighs nothing.
. "$(dirname "$0")/common.sh"
make_data
cat >peak.py <<'PYTHON'
import os, resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
with open("peak-" + os.environ["OMPI_COMM_WORLD_RANK"], "w") as file:
    file.write(f"{1024 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss}\n")
sys.exit(code)
PYTHON
small=(model.layers=1 model.channels=16 model.heads=1)
large=(model.layers=4 model.channels=768 model.heads=8)
common=(train.steps=3 batch.micro=1 batch.global=4 parallel.virtual_ranks=4 parallel.threads=1 evaluate.every_steps=0
  evaluate.batches=1 schedule.warmup_steps=1 log.every_steps=1)

# resumed NAME STAGE KEY=VALUE...: on four ranks; prints the largest peak and what rank 0's device holds, in bytes
resumed() {
  local name=$1 stage=$2
  shift 2
  cp -r "$name" "$name-$stage"
  rm -f peak-*
  mpirun --oversubscribe -np 4 python3 peak.py "$TRAINER" train train.yaml "${common[@]}" "$@" run.dir="$name-$stage" \
    parallel.stage="$stage" checkpoint.at_end=false run.resume=must >resume.log 2>&1 || { cat resume.log >&2; fail "resuming at stage $stage"; }
  echo "$(sort -n peak-* | tail -1) $(sed -n 's/.*"memory_bytes":\([0-9]*\).*/\1/p' "$name-$stage/metrics.jsonl" | tail -1)"
  rm -r "$name-$stage"
}

ranks 2 "${common[@]}" "${small[@]}" run.dir=small parallel.stage=1 train.stop_at=1 || { cat train.log; fail "the small model"; }
ranks 2 "${common[@]}" "${large[@]}" run.dir=large parallel.stage=1 train.stop_at=1 || { cat train.log; fail "the large model"; }
for stage in 0 1 2 3; do
  read -r small_peak small_owned <<<"$(resumed small $stage "${small[@]}")"
  read -r large_peak large_owned <<<"$(resumed large $stage "${large[@]}")"
  peak=$((large_peak - small_peak)) owned=$((large_owned - small_owned))
  echo "stage $stage: $((peak / 1000000)) MB at most, $((owned / 1000000)) MB owned"
  [ "$owned" -gt 100000000 ] || fail "a model that weighs nothing"
  [ $((peak * 10)) -le $((owned * 12)) ] || fail "stage $stage: more than 1.2 x what a rank owns"
done
