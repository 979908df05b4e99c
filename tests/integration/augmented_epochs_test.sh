#!/usr/bin/env bash
# All that remembers something at once: batch norm's running averages, augmentation and dropout keyed by the sample, epochs,
# a best checkpoint and early stopping. Ranks killed with -9 in the middle of epochs, each start on another number of
# ranks: the run ends where the undisturbed one on one rank ends, in its bits and with its metrics.
. "$(dirname "$0")/common.sh"
# Small pictures of four classes, the bright corner, with so much noise that the validation loss soon stops falling.
python3 - <<'PY'
import os, random, struct
random.seed(3)
def picture(label):
    rows = [[random.randrange(200) for _ in range(8)] for _ in range(8)]
    for y in range(4):
        for x in range(4):
            rows[y + 4 * (label // 2)][x + 4 * (label % 2)] = min(255, rows[y + 4 * (label // 2)][x + 4 * (label % 2)] + 25)
    return bytes(value for row in rows for value in row)
os.makedirs('idx')
for split, n in (('train', 400), ('t10k', 60)):
    labels = [random.randrange(4) for _ in range(n)]
    open(f'idx/{split}-images-idx3-ubyte', 'wb').write(struct.pack('>IIII', 0x803, n, 8, 8) + b''.join(map(picture, labels)))
    open(f'idx/{split}-labels-idx1-ubyte', 'wb').write(struct.pack('>II', 0x801, n) + bytes(labels))
PY
"$TRAINER" data import-idx idx data --validation 0.25 --seed 1 >import.log || { cat import.log; fail "importing"; }
cat >train.yaml <<'YAML'
model:
  family: layers
  layers:
    - normalize
    - {repeat: 2, layers: [
        {name: in},
        {conv2d: {channels: 8, kernel: 3, padding: same, bias: false}}, batch_norm, relu,
        {conv2d: {channels: 8, kernel: 3, padding: same, bias: false}}, batch_norm,
        {concat: {from: [in, .]}}, relu]}
    - global_average_pool
    - dropout: {p: 0.1}
    - linear: {units: classes}
loss: {name: cross_entropy, label_smoothing: 0.05}
data: {path: data, augment: [{crop: {padding: 1}}, {rotate: {degrees: 5}}, {cutout: {size: 2}}, {color_jitter: {brightness: 0.1, contrast: 0.1, saturation: 0}}]}
batch: {micro: 5, global: 20}
train: {epochs: 60}
optimizer: {name: adam, lr: 0.01}
schedule: {name: constant, warmup_steps: 0}
parallel: {virtual_ranks: 4, threads: 1, timeout_s: 60}
evaluate: {metrics: [accuracy, f1], watch: accuracy, patience: 8}
checkpoint: {every_steps: 20, keep_last: 3}
device: cpu
YAML
# What evaluations said, without how long they took.
evaluations() { grep -E '"(eval|test)_loss"' "$1/metrics.jsonl" | sed -E 's/"[a-z]*_ms":[^,}]*//g'; }
expect_same_run() {
  [ "$(cat "$1/checkpoints/latest")" = "$(cat "$2/checkpoints/latest")" ] || fail "$1 and $2 ended elsewhere"
  [ "$(cat "$1/checkpoints/best")" = "$(cat "$2/checkpoints/best")" ] || fail "$1 and $2 have other best checkpoints"
  expect_same "$(weights "$1")" "$(weights "$2")"
  expect_same "$1/checkpoints/$(cat "$1/checkpoints/best")/model.safetensors" "$2/checkpoints/$(cat "$2/checkpoints/best")/model.safetensors"
  diff <(evaluations "$1") <(evaluations "$2") || fail "$1 and $2 were evaluated otherwise"
}

ranks 1 run.dir=one || { cat train.log; fail "training"; }
grep -q "stopped early" train.log || { tail train.log; fail "it did not stop early"; }
steps=$(sed -n 's/.*"step": *\([0-9]*\).*/\1/p' one/outcome.json)
ranks 4 run.dir=four || { cat train.log; fail "training on 4 ranks"; }
expect_same_run one four
ranks 1 run.dir=plain data.augment=[] || { cat train.log; fail "training without augmentation"; }
! cmp -s "$(weights one)" "$(weights plain)" || fail "the augmentation does nothing"

start=0 pids=()
for n in 2 4 1; do
  start=$((start + 1)) target=$((steps * start / 4))
  mpirun --oversubscribe -np "$n" "$TRAINER" train train.yaml run.dir=killed run.resume=auto >killed.log 2>&1 &
  job=$!
  await_step killed "$target" "$job" || { cat killed.log; fail "start $start ended before step $target"; }
  kill -9 "${pids[RANDOM % ${#pids[@]}]}"
  wait "$job" || true
done
ranks 4 run.dir=killed run.resume=must parallel.stage=3 || { cat train.log; fail "going on"; }
expect_same_run one killed
