#!/usr/bin/env bash
# Models of small layers end in the same bits on any number of ranks, also after a stop and a resume on another number:
# dropout, norms, branches, every loss of numbers, f32 and bf16, recomputation.
. "$(dirname "$0")/common.sh"
awk 'BEGIN { print "a,b,c,y"; s = 7; for (i = 0; i < 600; i++) {
  for (k = 0; k < 3; k++) { s = (s * 16807) % 2147483647; v[k] = s / 2147483647 }
  printf "%.6f,%.6f,%.6f,%.6f\n", v[0], v[1], v[2], (v[0] * v[1] + v[2]) / 2 } }' >t.csv
"$TRAINER" data import-csv t.csv data --target y --test 0.1 >import.log || { cat import.log; fail "importing"; }
cat >train.yaml <<'YAML'
model:
  family: layers
  layers:
    - linear: {units: 24, activation: gelu, name: stem}
    - {repeat: 2, layers: [{name: in}, layer_norm, {linear: {units: 24}}, silu, {dropout: {p: 0.1}}, {add: {from: [in, .]}}]}
    - {linear: {units: 24, activation: sigmoid, name: gate}}
    - {multiply: {from: [gate, stem]}}
    - {reshape: {shape: [4, -1], name: square}}
    - rms_norm
    - {softmax: {from: square, name: soft}}
    - {concat: {from: [square, soft]}}
    - flatten
    - linear: {units: classes, bias: false}
loss: {name: mse}
data: {path: data}
batch: {micro: 4, global: 16}
train: {steps: 30}
optimizer: {lr: 0.01}
schedule: {warmup_steps: 3}
parallel: {virtual_ranks: 4}
evaluate: {every_steps: 30, metrics: [mae, rmse]}
checkpoint: {every_steps: 0}
device: cpu
YAML
"$TRAINER" config train.yaml --model >table.log || { cat table.log; fail "the table of layers"; }

# same NAME KEY=VALUE...: trains on 1, 2 and 4 ranks, and on 4, then 1, then 2
same() {
  local name=$1
  shift
  for n in 1 2 4; do
    ranks "$n" run.dir="$name-$n" "$@" parallel.threads=1 || { cat train.log; fail "$name on $n ranks"; }
  done
  expect_same "$(weights "$name-1")" "$(weights "$name-2")"
  expect_same "$(weights "$name-1")" "$(weights "$name-4")"
  for stop in 4:10 1:20 2:30; do
    ranks "${stop%:*}" run.dir="$name-again" "$@" train.stop_at="${stop#*:}" run.resume=auto parallel.threads=1 ||
      { cat train.log; fail "$name, stopping at ${stop#*:}"; }
  done
  expect_same "$(weights "$name-1")" "$(weights "$name-again")"
}
same huber loss.name=huber loss.delta=0.3
same mae precision=bf16 train.recompute=block loss.name=mae
same binary loss.name=binary_cross_entropy "evaluate.metrics=[]"

# Weighted and ignored classes. The numbers are in the run's config, and no part of the model: others may follow.
awk 'BEGIN { print "a,b,kind"; for (i = 0; i < 600; i++) { a = i % 25 / 25; b = int(i / 25) / 24
  print a "," b "," (a + b > 1.7 ? "rare" : a > b ? "right" : "left") } }' >kinds.csv
"$TRAINER" data import-csv kinds.csv kinds --target kind --test 0.1 >import.log || { cat import.log; fail "importing classes"; }
classes=(data.path=kinds loss.name=cross_entropy "evaluate.metrics=[accuracy, confusion_matrix]")
same balanced "${classes[@]}" loss.class_weights=balanced
same ignoring "${classes[@]}" "loss.class_weights=[1, 2, 0.5]" loss.ignore_index=1 loss.label_smoothing=0.1 precision=bf16
grep -q 'class_weights: \[0\.[0-9]*, [1-9][0-9.]*, 0\.[0-9]*\]' balanced-1/config.yaml || { grep class_weights balanced-1/config.yaml; fail "not the weights of one rare class"; }
! grep -q class_weights "$(weights balanced-1)" || fail "the weights of classes are part of the model"
"$TRAINER" eval ignoring-2 --json >eval.json || fail "eval with an ignored class"
counts=$(sed 's/.*"samples":\([0-9]*\).*"confusion_matrix":\(\[\[.*\]\]\).*/\1 \2/; t; s/.*"confusion_matrix":\(\[\[.*\]\]\).*"samples":\([0-9]*\).*/\2 \1/' eval.json)
awk '{ split($0, n, /[^0-9]+/); if (n[5] + n[6] + n[7] != 0 || n[1] != n[2] + n[3] + n[4] + n[8] + n[9] + n[10] || n[1] == 60) exit 1 }' <<<"$counts" ||
  fail "samples and counts by class and prediction: $counts"
"$TRAINER" train train.yaml run.dir=balanced-1 "${classes[@]}" "loss.class_weights=[1, 1, 1]" train.steps=32 --resume >train.log 2>&1 || { cat train.log; fail "resuming with other weights"; }
grep -q "changed since the last start: loss.class_weights" train.log || { cat train.log; fail "other weights without a word"; }
refuse 2 "loss.class_weights has 2 numbers, and the field y of kinds has 3 classes" "$TRAINER" train train.yaml run.dir=none "${classes[@]}" "loss.class_weights=[1, 2]"
refuse 2 "loss.ignore_index = 7, and the field y of kinds has 3 classes, 0 to 2" "$TRAINER" train train.yaml run.dir=none "${classes[@]}" loss.ignore_index=7
refuse 2 "loss.class_weights is a key of" "$TRAINER" train train.yaml run.dir=none loss.class_weights=balanced

refuse 2 "layer layers.1.add adds samples of shapes (3), (8); they must be of one shape" "$TRAINER" train train.yaml \
  run.dir=none "model.layers=[{linear: {units: 8}}, {add: {from: [x, .]}}, {linear: {units: 1}}]"
refuse 2 "which do not fit the shape (8, 8, 1); that has 64" "$TRAINER" train train.yaml run.dir=none \
  "model.layers=[{reshape: {shape: [8, 8, 1]}}, flatten, {linear: {units: 1}}]"
[ ! -e none ] || fail "a refused start left a run folder"
