#!/usr/bin/env bash
# The examples as a person starts them, on real data, the long ones cut short: each ends on two ranks in the bits of one,
# and the short ones reach what their README says. Skips where the packages with the data cannot be fetched.
. "$(dirname "$0")/common.sh"
mkdir -p launcher
cp -r "$source_dir/examples" .
cp "$source_dir"/launcher/{preset,mpi_environment}.sh launcher
export CONVOY_TRAINER=$TRAINER

# example RUN ARGUMENTS...: on 1 and on 2 ranks, of which the weights are the same; leaves the log of two in example.log
example() {
  local run=runs/$1 ranks
  shift
  for ranks in 1 2; do
    rm -rf "$run"
    RANKS=$ranks "$@" parallel.virtual_ranks=2 parallel.threads=1 >example.log 2>&1 || {
      if grep -q 'cannot download' example.log; then cat example.log; exit 77; fi
      cat example.log
      fail "$* on $ranks ranks"
    }
    cp "$(weights "$run")" "weights-$ranks"
  done
  expect_same weights-1 weights-2
}
# result RUN NAME: of its test split
result() { "$TRAINER" eval "runs/$1" --split test --json | sed -n "s/.*\"$2\":\([0-9.e+-]*\)[,}].*/\1/p"; }
expect() { awk "BEGIN { exit !($1) }" || fail "wanted $1"; }

example house_prices examples/house_prices/run.sh
expect "$(result house_prices loss) < 32"
[ "$(wc -l <data/house_prices/prices.csv)" -eq 6 ] || fail "not five prices: $(cat data/house_prices/prices.csv)"
example penguins examples/penguins/run.sh
expect "$(result penguins accuracy) > 0.94"
example digits_mlp examples/digits/run.sh mlp train.epochs=4
expect "$(result digits_mlp accuracy) > 0.88"
example digits_convolutional examples/digits/run.sh convolutional train.stop_at=30
example fashion_resnet examples/fashion/run.sh resnet train.stop_at=4 evaluate.every_steps=0
example fashion_inception examples/fashion/run.sh inception train.stop_at=4 evaluate.every_steps=0

# A published model: the text that transformers and llama.cpp write with the same weights.
examples/smollm2/run.sh >example.log 2>&1 || {
  if grep -q 'cannot download' example.log; then cat example.log; exit 77; fi
  cat example.log
  fail "examples/smollm2/run.sh"
}
grep -q '^The quick brown fox with a quick brown bear\.$' example.log || { cat example.log; fail "another text"; }
