#!/usr/bin/env bash
# Whatever is wrong: one message that says what was found and what to do, the exit code of its class, nothing half-written.
. "$(dirname "$0")/common.sh"
make_data

: >empty.txt
printf 'abc\xff' >no_utf8.txt
echo '{' >broken.json
refuse 3 "no such file" "$TRAINER" data import-text missing.txt out
refuse 3 "the text is empty" "$TRAINER" data import-text empty.txt out
refuse 3 "no_utf8.txt" "$TRAINER" data import-text no_utf8.txt out
refuse 3 "broken.json" "$TRAINER" data import-text text.txt out --tokenizer broken.json
printf 'IQ== 0\nIg== 1\nIw== 2\n' >tokenizer.model
printf '{"a": 0, "b": 1}' >vocab.json
printf '#version: 0.2\na b\n' >merges.txt
for file in "tokenizer.model:ranks of tiktoken" "vocab.json:a vocab.json" "merges.txt:a merges.txt"; do
  refuse 3 "${file#*:}" "$TRAINER" data import-text text.txt out --tokenizer "${file%%:*}"
  grep -q "take the tokenizer.json" refuse.log || fail "no word of what to take instead of ${file%%:*}"
done
rm tokenizer.model vocab.json merges.txt
[ ! -e out ] || fail "a refused import left a folder"

damaged() { rm -rf bad && cp -r data bad; }
train() { "$TRAINER" train train.yaml run.dir=new "$@"; }
damaged; truncate -s 20000 bad/train-00000.h5
refuse 3 "train-00000.h5" train data.path=bad
damaged; rm bad/manifest.json
refuse 3 "manifest.json" train data.path=bad
damaged; sed -i 's/"format_version": *[0-9]*/"format_version": 999/' bad/manifest.json
refuse 3 "999" train data.path=bad
damaged; sed -i 's/"vocabulary": *[0-9]*/"vocabulary": 3/' bad/manifest.json
refuse 3 "bad/" train data.path=bad
refuse 3 "no such dataset" train data.path=nowhere
flip() { printf '\x55' | dd of="$1" bs=1 seek=9000 conv=notrunc 2>/dev/null; }
damaged; flip bad/train-00000.h5
refuse 3 "train-00000.h5" train data.path=bad
refuse 3 "train-00000.h5" mpirun --oversubscribe -np 2 "$TRAINER" train train.yaml run.dir=new data.path=bad
damaged; flip bad/validation-00000.h5
refuse 3 "validation-00000.h5" train data.path=bad
[ ! -e new ] || fail "a start without data left a run folder"

refuse 2 "did you mean model.layers" train modle.layers=3
refuse 2 "does not divide" train model.heads=5
refuse 2 "not a multiple" train batch.global=18
refuse 2 "CUDA" train device=cuda
refuse 2 "without mpirun" mpirun --oversubscribe -np 2 "$TRAINER" train train.yaml run.dir=new --debug
printf 'model: {heads: 3, chanels: 48}\ntrain: {steps: many}\n' >mistakes.yaml
refuse 2 "mistakes.yaml:1" "$TRAINER" train mistakes.yaml
grep -q "mistakes.yaml:2" refuse.log || fail "not all mistakes were told at once"
[ ! -e new ] || fail "a refused start left a run folder"

"$TRAINER" train train.yaml run.dir=good >train.log
cp -r good before
resume() { "$TRAINER" train train.yaml run.dir=good train.steps=50 --resume "$@"; }
refuse 2 "run.seed" resume run.seed=9
refuse 2 "parallel.virtual_ranks" resume parallel.virtual_ranks=2
refuse 2 "not a multiple" resume batch.global=18
refuse 2 "model.channels" resume model.channels=64
refuse 3 "no such dataset" resume data.path=nowhere
damaged; flip bad/train-00000.h5
refuse 3 "train-00000.h5" resume data.path=bad
cmp good/config.yaml before/config.yaml || fail "a refused resume changed the run's config"
diff -r good/checkpoints before/checkpoints || fail "a refused resume changed the run's checkpoints"
resume >resume.log || { cat resume.log; fail "resuming after refusals"; }
flip "$(weights good)"
"$TRAINER" eval good >eval.log 2>&1 || fail "one damaged checkpoint of three made eval fail"
grep -q "step 40:" eval.log || { cat eval.log; fail "the checkpoint before was not taken"; }
for checkpoint in good/checkpoints/step-*; do flip "$checkpoint/model.safetensors"; done
refuse 4 "model.safetensors" "$TRAINER" eval good
refuse 4 "model.safetensors" "$TRAINER" train train.yaml run.dir=good train.steps=50 --resume
refuse 4 "no checkpoint" "$TRAINER" generate data
refuse 70 "forward of transformer.h.0" "$TRAINER" train train.yaml run.dir=nan optimizer.lr=1e30 schedule.warmup_steps=0 --debug
