#!/usr/bin/env bash
# A linear model on a table: from CSV to a known answer, on any number of ranks, and refused where table and model are not
# of one form.
. "$(dirname "$0")/common.sh"
# y = 2 a - b + 3, columns in another order than the alphabet's.
rows() { awk -v n="$1" -v seed="$2" 'BEGIN { print "b,y,a"; s = seed; for (i = 0; i < n; i++) {
  s = (s * 16807) % 2147483647; a = s / 2147483647; s = (s * 16807) % 2147483647; b = s / 2147483647
  printf "%.6f,%.6f,%.6f\n", b, 2 * a - b + 3, a } }'; }
rows 1000 7 >t.csv
"$TRAINER" data import-csv t.csv data --target y --test 0.1 >import.log || { cat import.log; fail "importing"; }
cat >train.yaml <<'YAML'
model:
  family: layers
  layers:
    - linear: {units: 1}
loss: {name: mse}
data: {path: data}
batch: {micro: 4, global: 16}
train: {steps: 400}
optimizer: {lr: 0.05, weight_decay: 0}
schedule: {warmup_steps: 10, final_ratio: 0.01}
parallel: {virtual_ranks: 4}
evaluate: {every_steps: 200, batches: 4}
device: cpu
YAML
for n in 1 2 4; do ranks "$n" run.dir="run-$n" parallel.threads=1 || { cat train.log; fail "training on $n ranks"; }; done
expect_same "$(weights run-1)" "$(weights run-2)"
expect_same "$(weights run-1)" "$(weights run-4)"

# The answer is exact, so that almost nothing of the loss is left, on rows that were never trained on.
loss_of() { sed -n 's/.*"loss":\([0-9.e+-]*\),.*/\1/p'; }
for split in validation test; do
  json=$("$TRAINER" eval run-1 --split "$split" --json)
  awk -v loss="$(loss_of <<<"$json")" 'BEGIN { exit !(loss < 1e-3) }' || fail "a loss too large on $split: $json"
  grep -q '"samples":100,' <<<"$json" || fail "not all of $split: $json"
done
"$TRAINER" replay run-1 --step 7 >replay.log || { cat replay.log; fail "replay"; }
"$TRAINER" train train.yaml run.dir=run-1 train.steps=410 --resume >train.log 2>&1 || { cat train.log; fail "resume"; }

# Without a validation split it trains, and evaluates nothing.
"$TRAINER" data import-csv t.csv all --target y --validation 0 >import.log
tells "no validation split: nothing is evaluated" "$TRAINER" train train.yaml data.path=all run.dir=run-all train.steps=20
! grep -q eval_loss run-all/metrics.jsonl || fail "an evaluation on nothing"
refuse 3 "no validation split; import the data again with --validation 0.1 and --force" "$TRAINER" eval run-all

# Other rows of the same columns are data for the model; other columns are not.
rows 50 11 >more.csv
"$TRAINER" data import-csv more.csv more --target y --validation 0.5 >import.log
tells "which is not the data that it was trained on" "$TRAINER" eval run-1 data.path=more
refuse 3 "step 410 of the run in run-1 was made from other data" "$TRAINER" train train.yaml run.dir=run-1 --resume \
  train.steps=420 data.path=more
sed '1s/.*/b,y,c/' more.csv >other.csv
"$TRAINER" data import-csv other.csv other --target y >import.log
refuse 3 'column 2 of x is "c", not "a"' "$TRAINER" eval run-1 data.path=other
"$TRAINER" data import-csv more.csv turned --target a >import.log
refuse 3 'column 2 of x is "y", not "a"' "$TRAINER" eval run-1 data.path=turned
make_text >text.txt
"$TRAINER" data import-text text.txt text >import.log
refuse 3 "text: a dataset of tokens, but the model has no context" "$TRAINER" eval run-1 data.path=text
refuse 3 "text: a dataset of tokens, but the model has no context" "$TRAINER" train train.yaml data.path=text run.dir=none
[ ! -e none ] || fail "a refused start left a run folder"
