#!/usr/bin/env bash
# Direct preference optimisation from JSON lines to a model that prefers: the accuracy on held-out pairs rises, the same
# bits on any number of ranks, stages and resumes, reference log-probabilities that are computed once, kept and checked.
. "$(dirname "$0")/common.sh"

# pairs FIRST LAST: who asks is to be told so politely.
pairs() {
  awk -v first="$1" -v last="$2" 'BEGIN {
    split("king,fool,lady,ghost,crow,knight,page", who, ",")
    for (i = first; i <= last; i++) {
      w = who[1 + i * 3 % 7]
      yes = "Yes, my good " w "."; no = "No, bad " w ", no. " i "!"
      printf "{\"prompt\": \"May the %s no. %d come?\", \"chosen\": \"%s\", \"rejected\": \"%s\"}\n", w, i, yes, no } }'
}
pairs 1 90 >pairs.jsonl
make_text >text.txt
"$TRAINER" data import-text text.txt text --tokenizer bytes >import.log
cat >train.yaml <<'YAML'
model: {family: llama, layers: 2, heads: 4, kv_heads: 2, channels: 32, context: 88}
data: {path: text}
batch: {micro: 2, global: 8}
train: {steps: 10}
schedule: {warmup_steps: 2}
parallel: {virtual_ranks: 4}
evaluate: {every_steps: 10, batches: 4}
checkpoint: {every_steps: 4, keep_last: 5}
YAML
ranks 1 run.dir=base || { cat train.log; fail "training the model"; }
cp -r base/checkpoints/step-00000010 model
"$TRAINER" data import-jsonl pairs.jsonl pairs --model model --format plain --validation 0.2 >import.log || { cat import.log; fail "import"; }
cat >train.yaml <<'YAML'
model: {from: model}
data: {path: pairs}
loss: {name: dpo, beta: 0.5}
optimizer: {lr: 0.003}
batch: {micro: 2, global: 8}
train: {steps: 12}
schedule: {warmup_steps: 2}
parallel: {virtual_ranks: 4}
evaluate: {every_steps: 6, batches: 100}
checkpoint: {every_steps: 4, keep_last: 5}
YAML
tune() { ranks "$@" || { cat train.log; fail "tuning $*"; }; }
value() { sed -n "s/.*\"$1\":\([-0-9.e+]*\)[,}].*/\1/p"; }

# Every rank count and stage gives the same bits, and the same references.
tune 1 run.dir=one
tune 2 run.dir=two parallel.stage=1 train.recompute=block
tune 4 run.dir=four parallel.stage=3 parallel.bucket_bytes=20000
tune 2 run.dir=stopped parallel.stage=2 train.stop_at=5
references() { (cd "$1/reference" && sha256sum -- *); }
count() { find "$1/reference" -type f | wc -l; }
[ "$(count one)" -eq 2 ] || fail "references: $(references one)"
for run in two four stopped; do [ "$(references one)" = "$(references $run)" ] || fail "$run has other references"; done
for run in two four; do expect_same "$(weights one)" "$(weights $run)"; done
tune 1 run.dir=alone parallel.virtual_ranks=3 batch.global=6
tune 3 run.dir=three parallel.virtual_ranks=3 batch.global=6
expect_same "$(weights alone)" "$(weights three)"

# At the start nothing is preferred: the loss is log 2. Later, on pairs not seen, what was to be.
awk -v l="$(value loss <one/metrics.jsonl | head -1)" 'BEGIN { d = l - log(2); exit !(d * d < 1e-8) }' || fail "the first loss: $(head -1 one/metrics.jsonl)"
for name in eval_loss eval_accuracy eval_reward_margin eval_chosen_reward eval_rejected_reward eval_samples samples samples_per_s; do
  [ -n "$(value $name <one/metrics.jsonl)" ] || { cat one/metrics.jsonl; fail "no $name"; }
done
grep -q "accuracy" one/log.txt || { cat one/log.txt; fail "the log tells no accuracy"; }
"$TRAINER" eval model data.path=pairs loss.name=dpo model.from=model --json >before.json || fail "evaluating the model"
"$TRAINER" eval one --json >after.json || fail "evaluating the run"
for name in accuracy reward_margin loss; do [ -n "$(value $name <after.json)" ] || { cat after.json; fail "no $name"; }; done
! grep -q perplexity after.json || fail "a perplexity of pairs"
awk -v a="$(value accuracy <before.json)" -v b="$(value accuracy <after.json)" 'BEGIN { exit !(a == 0 && b > 0.9) }' ||
  fail "accuracy: $(cat before.json after.json)"
awk -v c="$(value chosen_reward <after.json)" -v r="$(value rejected_reward <after.json)" -v m="$(value reward_margin <after.json)" \
  'BEGIN { d = c - r - m; exit !(d * d < 1e-8 && m > 0.1) }' || fail "rewards: $(cat after.json)"
[ "$(value eval_accuracy <one/metrics.jsonl | tail -1)" = "$(value accuracy <after.json)" ] || fail "the run told another accuracy"
tells "accuracy 1" "$TRAINER" eval one

# On with other ranks where the model is gone: what was stored is read.
mv model gone
tune 1 run.dir=stopped run.resume=must
expect_same "$(weights one)" "$(weights stopped)"
(mkdir elsewhere && cd elsewhere && "$TRAINER" eval ../one --json >../eval.json 2>../eval.log) || { cat eval.log; fail "evaluating from elsewhere"; }
cmp eval.json after.json || fail "elsewhere it is another evaluation"
# Lost, they are computed again, by the very weights.
cp -r one lost && rm -r lost/reference
refuse 4 "the model that answers are measured against is neither in model nor in" "$TRAINER" eval lost
cp -r base/checkpoints/step-00000004 model
refuse 4 "the run measures against weights of the checksum" "$TRAINER" eval lost
rm -r model
mv gone model
"$TRAINER" eval lost --json >lost.json || fail "evaluating what was lost"
cmp lost.json after.json || fail "what was computed again is something else"
tells "these are the recorded bits" "$TRAINER" replay two --step 7
cp -r stopped again && rm -r again/reference again/checkpoints/step-00000012 && echo step-00000008 >again/checkpoints/latest
tune 2 run.dir=again run.resume=must
expect_same "$(weights one)" "$(weights again)"
[ "$(references one)" = "$(references again)" ] || fail "other references were computed"
# Killed at any moment.
"$TRAINER" train train.yaml run.dir=killed >killed.log 2>&1 &
for _ in $(seq 200); do [ -e killed/checkpoints/latest ] && break; sleep 0.05; done
kill -9 $! 2>/dev/null || true
wait $! 2>/dev/null || true
tune 2 run.dir=killed run.resume=auto parallel.stage=2
expect_same "$(weights one)" "$(weights killed)"

# A damaged file and a foreign one are found out.
file=$(find one/reference -name 'validation-*')
cp "$file" kept
size=$(stat -c %s "$file")
printf '\x01' | dd of="$file" bs=1 seek=$((size - 3)) conv=notrunc 2>dd.log
refuse 4 "damaged: its numbers have another checksum" "$TRAINER" eval one
head -c $((size - 8)) kept >"$file"
refuse 4 "delete the file" "$TRAINER" eval one
cp one/reference/train-* "$file"
refuse 4 "reference log-probabilities of pairs" "$TRAINER" eval one
cp kept "$file"

# An adapter, in bf16; its base is the reference.
sed -i 's/^model:.*/model: {from: model, adapter: {kind: lora, rank: 4, alpha: 16, dropout: 0.1}}/; s/lr: 0.003/lr: 0.01/' train.yaml
tune 1 run.dir=lora precision=bf16
tune 2 run.dir=lora-two precision=bf16 parallel.stage=2
expect_same "$(weights lora)" "$(weights lora-two)"
"$TRAINER" eval lora --json >lora.json || fail "evaluating the adapter"
awk -v a="$(value accuracy <lora.json)" 'BEGIN { exit !(a > 0.9) }' || fail "the adapter's accuracy: $(cat lora.json)"
planned=$("$TRAINER" plan train.yaml run.dir=none precision=bf16 --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["bytes"])')
used=$(value memory_bytes <lora/metrics.jsonl | tail -1)
[ "$planned" = "$used" ] || fail "planned are $planned bytes, used $used"
"$TRAINER" generate lora --prompt "May the king no. 3 come?" --tokens 5 >generated.txt || fail "generating"
# Several datasets of pairs.
pairs 200 260 >other.jsonl
"$TRAINER" data import-jsonl other.jsonl other --model model --format plain >import.log || { cat import.log; fail "import"; }
mix=("data.mix=[{path: pairs, weight: 2}, {path: other}]")
tune 1 run.dir=mix "${mix[@]}"
tune 2 run.dir=mix-two "${mix[@]}"
expect_same "$(weights mix)" "$(weights mix-two)"
[ "$(count mix)" -eq 4 ] || fail "references: $(references mix)"

# What does not go together.
refuse 2 "holds preference pairs, and the loss is of single texts; write loss.name=dpo" "$TRAINER" train train.yaml run.dir=no loss.name=cross_entropy
refuse 2 "loss.name = dpo learns from preference pairs" "$TRAINER" train train.yaml run.dir=no data.path=text
refuse 2 "reward_margin" "$TRAINER" train train.yaml run.dir=no data.path=text loss.name=cross_entropy "evaluate.metrics=[reward_margin]"
sed -i 's/^model:.*/model: {family: llama, layers: 2, heads: 4, channels: 32, context: 88}/' train.yaml
refuse 2 "model.from names none" "$TRAINER" train train.yaml run.dir=no
[ ! -e no/config.yaml ] || fail "a refused start left a run"
