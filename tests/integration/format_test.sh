#!/usr/bin/env bash
# The lines of Python in datasets/FORMAT.md make a dataset. They need h5py: Python's own, or from PyPI for this test.
. "$(dirname "$0")/common.sh"
python=${CONVOY_PYTHON:-python3}
if ! "$python" -c 'import h5py' 2>/dev/null; then
  timeout 200 "$python" -m pip install --quiet --no-input --retries 1 --target "$work/python" h5py >pip.log 2>&1 ||
    { tail -n 3 pip.log; echo "SKIPPED: no h5py, and none could be installed"; exit 77; }
  export PYTHONPATH=$work/python
fi
# The first lines make data/made, the second data/talk.
lines() { awk -v wanted="$1" '/^```python$/ {++block; next} /^```$/ {ended[block] = 1} block == wanted && !ended[block]' "$source_dir/datasets/FORMAT.md"; }
lines 1 >write.py
"$python" write.py || fail "the lines of FORMAT.md"
tells "every block is whole" "$TRAINER" data verify data/made
tells "train                    900 samples in 1 shards" "$TRAINER" data inspect data/made
tells "x            (3) float32" "$TRAINER" data inspect data/made

# Compressed, the same rows are trained on in the same order: not one bit may change.
sed -e 's|data/made|data/packed|' -e 's|shard\["x"\], shard\["y"\] = x\[rows\], y\[rows\]|for n, v in (("x", x[rows]), ("y", y[rows])): shard.create_dataset(n, data=v, chunks=(70, v.shape[1]), compression="gzip", shuffle=True, fletcher32=True)|' \
  write.py >packed.py
grep -q 'compression="gzip"' packed.py || fail "the lines of FORMAT.md are others"
"$python" packed.py || fail "the lines of FORMAT.md, compressed"
tells "every block is whole" "$TRAINER" data verify data/packed
cat >train.yaml <<'YAML'
model: {family: layers, layers: [{linear: {units: 1}}]}
loss: {name: mse}
batch: {micro: 8, global: 16}
train: {steps: 150}
optimizer: {lr: 0.05, weight_decay: 0}
evaluate: {every_steps: 50}
device: cpu
YAML
for name in made packed; do
  "$TRAINER" train train.yaml data.path="data/$name" run.dir="run-$name" >train.log 2>&1 || { cat train.log; fail "training on $name"; }
done
expect_same "$(weights run-made)" "$(weights run-packed)"

lines 2 >write_talk.py
mkdir -p data/talk
for word in $(seq 400); do echo "$word"; done >text.txt
"$TRAINER" data import-text text.txt data/text --tokenizer bytes >/dev/null 2>&1 || fail "a tokenizer"
cp data/text/tokenizer.json data/talk/
"$python" write_talk.py || fail "the lines of FORMAT.md for documents"
tells "every block is whole" "$TRAINER" data verify data/talk
cat >talk.yaml <<'YAML'
model: {family: gpt2, layers: 1, heads: 1, channels: 16, context: 16}
data: {path: data/talk}
batch: {micro: 2, global: 4}
train: {steps: 3}
device: cpu
YAML
"$TRAINER" train talk.yaml run.dir=run-talk >talk.log 2>&1 || { cat talk.log; fail "training on data/talk"; }
