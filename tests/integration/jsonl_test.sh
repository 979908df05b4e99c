#!/usr/bin/env bash
# Records in JSON lines from import to evaluation: labels, packing, any number of ranks, a resume, mixtures, pairs; and
# what is refused.
. "$(dirname "$0")/common.sh"
trainer_data() { "$TRAINER" data "$@"; }

# conversations FIRST LAST: questions of which the answers can be learned.
conversations() {
  awk -v first="$1" -v last="$2" 'BEGIN {
    for (i = first; i <= last; i++) {
      n = i % 7
      printf "{\"messages\": [{\"role\": \"user\", \"content\": \"count to %d, no. %d\"}, {\"role\": \"assistant\", \"content\": \"", n, i
      for (k = 0; k <= n; k++) printf "%d ", k
      printf "\"}"
      if (i % 3 == 0) printf ", {\"role\": \"user\", \"content\": \"more\"}, {\"role\": \"assistant\", \"content\": \"%d\"}", n + 1
      print "]}" } }'
}
conversations 1 300 >talk.jsonl
conversations 7 9 >>talk.jsonl
trainer_data import-jsonl talk.jsonl talk --tokenizer bytes --format plain --test 0.05 >import.log || fail "import"
for text in "303 records: 303 conversations" "3 exact duplicates left out" "30 kept for validation" "format       plain, loss on assistant tokens"; do
  grep -qF "$text" import.log || { cat import.log; fail "no \"$text\""; }
done
tells "imported already" trainer_data import-jsonl talk.jsonl talk --tokenizer bytes --format plain --test 0.05
tells "every block is whole" trainer_data verify talk
trainer_data inspect talk --labels --samples 3 >labels.log || fail "inspect"
grep -qF '[[0| |1|' labels.log || { cat labels.log; fail "no answer in brackets"; }
grep -qE 'packed into sequences of [0-9]+ places, [0-9.]+% of them are used' labels.log || fail "no packing"

cat >train.yaml <<'YAML'
model: {family: llama, layers: 2, heads: 4, kv_heads: 2, channels: 32, context: 160, window: 50, window_layers: [1]}
data: {path: talk}
batch: {micro: 1, global: 12}
train: {steps: 12}
schedule: {warmup_steps: 3}
parallel: {virtual_ranks: 4}
evaluate: {every_steps: 12, batches: 4, metrics: [perplexity]}
checkpoint: {every_steps: 4, keep_last: 5}
YAML
for family in llama gpt2; do
  [ $family = llama ] || sed -i 's/^model: .*/model: {layers: 2, heads: 2, channels: 32, context: 160, dropout: 0.1}/' train.yaml
  # Of 2 ranks each has two virtual ones, of 3 ranks too.
  for n in 1 2; do
    ranks $n run.dir=$family-$n parallel.stage=$n || { cat train.log; fail "$family on $n ranks"; }
  done
  for n in 1 3; do
    ranks $n run.dir=$family-six-$n parallel.stage=3 parallel.virtual_ranks=6 || { cat train.log; fail "$family on $n ranks"; }
  done
  expect_same "$(weights $family-1)" "$(weights $family-2)"
  expect_same "$(weights $family-six-1)" "$(weights $family-six-3)"
  ranks 1 run.dir=$family-half train.stop_at=5 || fail "half a run"
  ranks 2 run.dir=$family-half --resume || { cat train.log; fail "resumed"; }
  expect_same "$(weights $family-1)" "$(weights $family-half)"
done

sed -i 's/^model: .*/model: {family: llama, layers: 2, heads: 4, kv_heads: 2, channels: 32, context: 160}/' train.yaml

# The loss is of what counts alone, however documents lie in sequences, and of all of it.
number() { sed -E "s/.*\"$1\": ?([-0-9.e+]+).*/\1/"; }
"$TRAINER" eval llama-1 --json >packed.json || fail "eval"
"$TRAINER" eval llama-1 --json data.pack=false >alone.json || fail "eval, one in each"
[ "$(number tokens <packed.json)" = "$(number tokens <alone.json)" ] || fail "other tokens: $(cat packed.json alone.json)"
awk -v a="$(number loss <packed.json)" -v b="$(number loss <alone.json)" 'BEGIN { d = a - b; exit !(d < 1e-5 && d > -1e-5 && a > 0) }' ||
  fail "other losses: $(cat packed.json alone.json)"
awk -v l="$(number loss <packed.json)" -v p="$(number perplexity <packed.json)" 'BEGIN { d = exp(l) - p; exit !(d * d < 1e-8 * p * p) }' ||
  fail "perplexity: $(cat packed.json)"
tells "test loss" "$TRAINER" eval llama-1 --split test
refuse 2 "data.pack" "$TRAINER" train train.yaml run.dir=llama-half data.pack=false train.steps=14 --resume

# Two datasets as one: any ranks, and a resume on others.
conversations 1000 1200 >other.jsonl
trainer_data import-jsonl other.jsonl other --tokenizer bytes --format plain >import.log || fail "import"
mix=("data.mix=[{path: talk, weight: 3}, {path: other, weight: 1}]")
for n in 1 2; do ranks $n run.dir=mix-$n "${mix[@]}" || { cat train.log; fail "a mixture on $n ranks"; }; done
expect_same "$(weights mix-1)" "$(weights mix-2)"
ranks 1 run.dir=mix-half "${mix[@]}" train.stop_at=7 || fail "half a mixture"
ranks 2 run.dir=mix-half --resume "${mix[@]}" || { cat train.log; fail "a mixture resumed"; }
expect_same "$(weights mix-1)" "$(weights mix-half)"
(mkdir -p elsewhere && cd elsewhere && "$TRAINER" eval ../mix-1 --json >../eval.json) || fail "a mixture from elsewhere"
"$TRAINER" eval mix-1 --json | cmp - eval.json || fail "from elsewhere it is another mixture"
(cd elsewhere && "$TRAINER" replay ../mix-2 --step 5 >../replay.log 2>&1) || { cat replay.log; fail "replaying from elsewhere"; }
refuse 3 "other data" "$TRAINER" train train.yaml run.dir=mix-half --resume "data.mix=[{path: talk, weight: 2}, {path: other, weight: 1}]"
make_text >text.txt
trainer_data import-text text.txt plays --tokenizer bytes >import.log || fail "import-text"
refuse 3 "cannot be mixed: their samples are" "$TRAINER" train train.yaml run.dir=no "data.mix=[{path: talk}, {path: plays}]"

# Pairs.
printf '{"prompt": "q%d", "chosen": "yes", "rejected": "no"}\n' 1 2 3 4 5 6 7 8 9 10 >pairs.jsonl
tells "10 preference pairs" trainer_data import-jsonl pairs.jsonl pairs --tokenizer bytes --format plain
tells "rejected:" trainer_data inspect pairs --labels

# One's own format; columns by name; a pipe.
printf 'user: {prefix: "U: ", suffix: "\\n"}\nassistant: {prefix: "A: ", suffix: "\\n"}\n' >own.yaml
printf '{"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "answer"}]}\n' |
  trainer_data import-jsonl /dev/stdin own --tokenizer bytes --format own.yaml --validation 0 --messages-column conversations \
    --role-column from --content-column value >import.log || { cat import.log; fail "own format"; }
tells '[[a|n|s|w|e|r|' trainer_data inspect own --labels

import() { trainer_data import-jsonl bad.jsonl bad --tokenizer bytes --format plain "$@"; }
bad() { local text=$1; shift; refuse 3 "$text" import "$@"; [ ! -e bad ] || fail "something was left: $text"; }
{ conversations 1 4; echo '{"messages": ['; } >bad.jsonl && bad "bad.jsonl, line 5: no JSON at byte"
{ conversations 1 4; echo '{"mesages": []}'; } >bad.jsonl && bad "say --messages-column mesages"
echo '{"messages": [{"role": "user", "content": "q"}]}' >bad.jsonl && bad "line 1: a conversation without an assistant's message"
echo '{"messages": [{"role": "assistant", "content": "q"}]}' >bad.jsonl && bad "message 1 is of the role assistant, wanted user"
conversations 1 4 >bad.jsonl && bad "line 1: a record of" --max-tokens 20
: >bad.jsonl && bad "the file is empty"
printf '{"text": "\xff"}\n' >bad.jsonl && bad "is no UTF-8"
refuse 2 "--format chatty: there are chatml" trainer_data import-jsonl talk.jsonl bad --tokenizer bytes --format chatty
refuse 2 "write --model FOLDER" trainer_data import-jsonl talk.jsonl bad
refuse 2 "the chat format chatml writes <|im_start|>" trainer_data import-jsonl talk.jsonl bad --tokenizer bytes --format chatml
refuse 3 "how it is to be written is not known" trainer_data import-jsonl talk.jsonl bad --tokenizer bytes
refuse 3 "are longer than model.context + 1 = 33 tokens" "$TRAINER" train train.yaml run.dir=no model.context=32
# A model's own tokenizer, which has to fit it.
tells "imported" trainer_data import-jsonl talk.jsonl by-model --model llama-1 --format plain
