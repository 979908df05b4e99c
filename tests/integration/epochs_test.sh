#!/usr/bin/env bash
# Runs told by epochs that stop early: the same bits and the same metrics on 1, 2, 3 and 4 ranks, the same end after kill -9 in
# the middle of an epoch and a start on another number of ranks.
. "$(dirname "$0")/common.sh"
# y = 2 a - b + 3 and as much noise, so that the validation loss soon stops falling.
awk 'BEGIN { print "a,b,y"; s = 7; for (i = 0; i < 300; i++) {
  for (k = 1; k <= 3; k++) { s = (s * 16807) % 2147483647; r[k] = s / 2147483647 }
  printf "%.6f,%.6f,%.6f\n", r[1], r[2], 2 * r[1] - r[2] + 3 + 2 * r[3] } }' >t.csv
"$TRAINER" data import-csv t.csv data --target y --test 0.1 >import.log || { cat import.log; fail "importing"; }
cat >train.yaml <<'YAML'
model: {family: layers, layers: [{linear: {units: 1}}]}
loss: {name: mse}
data: {path: data}
batch: {micro: 1, global: 12}
train: {epochs: 120}
optimizer: {name: adam, lr: 0.03}
schedule: {name: constant, warmup_steps: 0}
parallel: {virtual_ranks: 4, threads: 1, timeout_s: 60}
evaluate: {metrics: [mae, rmse, r2], watch: r2, patience: 25, min_delta: 0.0001}
checkpoint: {every_epochs: 7}
device: cpu
YAML
# What evaluations said, without how long they took.
evaluations() { grep -E '"(eval|test)_loss"' "$1/metrics.jsonl" | sed -E 's/"[a-z]*_ms":[^,}]*//g'; }
best() { echo "$1/checkpoints/$(cat "$1/checkpoints/best")/model.safetensors"; }
# expect_same_run RUN OTHER: they ended alike, in the newest and in the best checkpoint
expect_same_run() {
  [ "$(cat "$1/checkpoints/latest")" = "$(cat "$2/checkpoints/latest")" ] || fail "$1 and $2 ended elsewhere"
  [ "$(cat "$1/checkpoints/best")" = "$(cat "$2/checkpoints/best")" ] || fail "$1 and $2 have other best checkpoints"
  expect_same "$(weights "$1")" "$(weights "$2")"
  expect_same "$(best "$1")" "$(best "$2")"
  diff <(evaluations "$1") <(evaluations "$2") || fail "$1 and $2 were evaluated otherwise"
}

ranks 1 run.dir=one || { cat train.log; fail "training"; }
grep -q "stopped early, after step .*validation r2 has not improved in 25 evaluations" train.log || { tail train.log; fail "it did not stop"; }
[ "$(grep -c '^epoch ' train.log)" = "$(grep -c eval_loss one/metrics.jsonl)" ] || { cat train.log; fail "not a line for each epoch"; }
grep -qE '^  r2 +-?[0-9.]+ +-?[0-9.]+$' train.log || { tail train.log; fail "no table at the end"; }
steps=$(sed -n 's/.*"step": *\([0-9]*\).*/\1/p' one/outcome.json)
[ "$steps" -lt 2400 ] || fail "all $steps steps were done"
for n in 2 4; do
  ranks "$n" run.dir="on-$n" || { cat train.log; fail "training on $n ranks"; }
  expect_same_run one "on-$n"
done
# Three ranks sum six leaves.
for n in 1 3; do ranks "$n" run.dir="six-$n" parallel.virtual_ranks=6 || { cat train.log; fail "training on $n ranks"; }; done
expect_same_run six-1 six-3

# The table's numbers are those of eval, and the best checkpoint is not the last.
json=$("$TRAINER" eval one --best --split test --json)
for name in loss mae rmse r2; do
  value=$(sed -E "s/.*\"$name\":([^,}]*).*/\1/" <<<"$json")
  tail -1 one/metrics.jsonl | grep -qF "\"test_$name\":$value" || fail "test_$name is not $value: $(tail -1 one/metrics.jsonl)"
done
for n in 2 3; do
  diff <(echo "$json") <(mpirun --oversubscribe -np "$n" "$TRAINER" eval one --best --split test --json) || fail "other metrics on $n ranks"
done
! cmp -s "$(weights one)" "$(best one)" || fail "the best weights are the last"
refuse 4 "names no best checkpoint" "$TRAINER" eval "one/checkpoints/$(cat one/checkpoints/best)" --best

# Killed three times at steps that end no epoch, and once stopped by a signal; each start has another number of ranks.
start=0 pids=()
for n in 4 2 1 4; do
  start=$((start + 1)) target=$((steps * start / 5))
  mpirun --oversubscribe -np "$n" "$TRAINER" train train.yaml run.dir=killed run.resume=auto >killed.log 2>&1 &
  job=$!
  await_step killed "$target" "$job" || { cat killed.log; fail "start $start ended before step $target"; }
  if [ "$start" = 4 ]; then kill -USR2 "$job"; else kill -9 "${pids[RANDOM % ${#pids[@]}]}"; fi
  wait "$job" || true
done
ranks 2 run.dir=killed run.resume=must || { cat train.log; fail "going on"; }
expect_same_run one killed

# A start with nothing to do stays stopped; more patience goes on.
ranks 4 run.dir=killed run.resume=must || { cat train.log; fail "nothing to do"; }
expect_same_run one killed
ranks 4 run.dir=killed run.resume=must evaluate.patience=26 || { cat train.log; fail "more patience"; }
[ "$(sed -n 's/.*"step": *\([0-9]*\).*/\1/p' killed/outcome.json)" -gt "$steps" ] || fail "it did not go on"

for part in 'Validation r2' 'Result with the best weights' 'Worst samples of validation' '>epoch<'; do
  grep -qF -- "$part" one/report.html || fail "the report has no $part"
done

refuse 2 "both say how long the run is" "$TRAINER" train train.yaml run.dir=none train.steps=10
refuse 2 "evaluate.watch = f1 is none of what is evaluated" "$TRAINER" train train.yaml run.dir=none evaluate.watch=f1
refuse 2 "counts evaluations, and nothing is evaluated on the way" "$TRAINER" train train.yaml run.dir=none evaluate.every_steps=0
tells " = 120 epochs of 240 samples" "$TRAINER" plan train.yaml
