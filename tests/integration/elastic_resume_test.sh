#!/usr/bin/env bash
# A run goes on with any number of ranks and any sharding that its virtual ranks allow, again and again: the bits of the
# run that was never stopped.
. "$(dirname "$0")/common.sh"
make_data

# elastic NAME V PRECISION RANKS:STAGE...: a run of 40 steps, stopped and resumed so often, beside one without a stop
elastic() {
  local name=$1 batch=$((4 * $2)) common=("parallel.virtual_ranks=$2" "precision=$3" parallel.bucket_bytes=20000) step=0
  common+=("batch.global=$batch" checkpoint.every_steps=0 evaluate.every_steps=0)
  shift 3
  local each=$((40 / $#))
  ranks 1 "run.dir=$name-whole" "${common[@]}" || { cat train.log; fail "the undisturbed run"; }
  for start in "$@"; do
    step=$((step + each))
    ranks "${start%:*}" "run.dir=$name" "${common[@]}" "parallel.stage=${start#*:}" "train.stop_at=$step" run.resume=auto ||
      { cat train.log; fail "$name: $start up to step $step"; }
  done
  expect_same "$(weights "$name-whole")" "$(weights "$name")"
}

elastic four 4 bf16 4:3 1:0 2:2 4:1 2:3
elastic eight 8 f32 8:3 2:1 4:2 8:0 1:0
elastic six 6 f32 3:0 6:2 1:0 3:3 6:1
# Each of 4 ranks would own one and a half of the six leaves of the sum.
refuse 2 "6 virtual ranks do not split over 4 ranks" mpirun --oversubscribe -np 4 "$TRAINER" train train.yaml run.dir=six run.resume=must \
  parallel.virtual_ranks=6 batch.global=24
