#!/usr/bin/env bash
# A table through normalize and batch norm: running averages and the data's statistics are part of the model. The same
# bytes on 1 to 4 ranks, after a kill and on other ranks; evaluated from the checkpoint alone.
. "$(dirname "$0")/common.sh"
# y = a / 500 - 2 b + 3 c; a lies around 3000, b around 0.02, c never changes.
awk 'BEGIN { print "a,b,c,y"; s = 7; for (i = 0; i < 800; i++) {
  s = (s * 16807) % 2147483647; a = 2500 + 1000 * s / 2147483647; s = (s * 16807) % 2147483647; b = s / 5e10
  printf "%.3f,%.6f,4,%.6f\n", a, b, a / 500 - 2 * b + 12 } }' >t.csv
"$TRAINER" data import-csv t.csv data --target y --test 0.1 >import.log || { cat import.log; fail "importing"; }
cat >train.yaml <<'YAML'
model:
  family: layers
  layers:
    - normalize
    - linear: {units: 16}
    - batch_norm
    - linear: {units: 8}
    - batch_norm: {momentum: 0.25, eps: 1.0e-3, scale: false}
    - linear: {units: 1}
loss: {name: mse}
data: {path: data}
batch: {micro: 8, global: 96}
train: {steps: 60}
optimizer: {name: adam, lr: 0.05}
schedule: {warmup_steps: 5}
parallel: {virtual_ranks: 4, threads: 1, bucket_bytes: 1024}
evaluate: {every_steps: 30}
checkpoint: {every_steps: 20}
device: cpu
YAML
losses() { sed -n 's/.*"loss":\([^,]*\),.*"grad_norm":\([^,]*\),.*/\1 \2/p' "$1/metrics.jsonl"; }

# same NAME RANKS KEY=VALUE...: a run, compared with the first of its name.
same() {
  local name=$1 run=$1-$2-${*: -1} n=$2
  shift 2
  ranks "$n" "run.dir=$run" "$@" || { cat train.log; fail "$run"; }
  [ -e "$name" ] || ln -s "$run" "$name"
  expect_same "$(weights "$name")" "$(weights "$run")"
  [ "$(losses "$name")" = "$(losses "$run")" ] || fail "losses of $run differ"
  [ "$(losses "$run" | wc -l)" -eq 60 ] || fail "metrics.jsonl does not have 60 steps"
}
for stage in 0 1 2 3; do
  for n in 1 2 4; do same four "$n" "parallel.stage=$stage"; done
  for n in 1 3; do same three "$n" parallel.virtual_ranks=3 "parallel.stage=$stage"; done
done
for n in 1 2 4; do same bf16 "$n" precision=bf16 parallel.stage=3; done
same four 2 train.recompute=block

# A checkpoint holds the statistics under PyTorch's names, in f32 where the weights are bf16.
header() { head -c 8192 "$(weights "$1")"; }
for name in layers.2.batch_norm.running_mean layers.4.batch_norm.running_var layers.0.normalize.mean; do
  grep -aq "\"$name\":{\"dtype\":\"F32\"" <<<"$(header bf16 | tr -d '\0')" || fail "no $name in f32"
done
grep -aq '"layers.2.batch_norm.weight":{"dtype":"BF16"' <<<"$(header bf16 | tr -d '\0')" || fail "weights are not bf16"

# Killed in the middle, it goes on with other ranks.
"$TRAINER" train train.yaml run.dir=killed train.steps=4000 >kill.log 2>&1 &
victim=$!
for _ in $(seq 300); do [ -e killed/metrics.jsonl ] && [ "$(wc -l <killed/metrics.jsonl)" -ge 50 ] && break; sleep 0.05; done
kill -9 "$victim"
! wait "$victim" || fail "the kill came too late to test anything"
ranks 1 run.dir=whole train.steps=4000 || { cat train.log; fail "the undisturbed run"; }
for n in 2 4; do
  ranks "$n" run.dir=killed train.steps=4000 train.stop_at=$((n * 1000)) run.resume=must "parallel.stage=$((n - 1))" ||
    { cat train.log; fail "resuming on $n ranks"; }
done
expect_same "$(weights whole)" "$(weights killed)"

loss_of() { "$TRAINER" eval "$@" --json | sed -n 's/.*"loss":\([0-9.e+-]*\),.*/\1/p'; }
loss=$(loss_of whole --split test)
awk -v loss="$loss" 'BEGIN { exit !(loss < 0.01) }' || fail "a loss too large: $loss"
tells "parameters" "$TRAINER" plan train.yaml --ranks 4 parallel.stage=3

# What the dataset says of itself now does not matter to a model that is trained, but a new one wants it.
cp -r data other
sed -i 's/"mean": *[0-9.e+-]*/"mean":17/g; s/"deviation": *[0-9.e+-]*/"deviation":3/g' other/manifest.json
! cmp -s data/manifest.json other/manifest.json || fail "the statistics are as they were"
[ "$(loss_of whole --split test data.path=other)" = "$loss" ] || fail "an evaluation by the data's own statistics"
cp -r data silent
sed -i 's/"statistics"/"statistics_"/g; s/"mean": *[0-9.e+-]*,//g; s/"deviation": *[0-9.e+-]*,//g' silent/manifest.json
refuse 3 "does not tell mean and deviation of its field x" "$TRAINER" train train.yaml run.dir=none data.path=silent
[ ! -e none/config.yaml ] || fail "a refused start left a run"
[ "$(loss_of whole --split test data.path=silent)" = "$loss" ] || fail "an evaluation that asks the data"
refuse 2 "layer layers.2.batch_norm: batch norm of micro-batches with a single row" "$TRAINER" train train.yaml \
  run.dir=none batch.micro=1 batch.global=4
refuse 2 "put it first" "$TRAINER" train train.yaml run.dir=none 'model.layers=[{linear: {units: 3}}, normalize]'
