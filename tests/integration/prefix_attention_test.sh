#!/usr/bin/env bash
# Prefix attention from JSON lines to text: the same bits on 1, 2 and 4 ranks, whatever they shard, and after a resume,
# for conversations and preference pairs; one loss however documents are packed; what is refused.
. "$(dirname "$0")/common.sh"
# records FIRST LAST PRINTF: awk prints one for each number i, with n = i % 7.
records() { awk -v first="$1" -v last="$2" "BEGIN { for (i = first; i <= last; i++) { n = i % 7; $3 } }"; }
records 1 150 'printf "{\"messages\": [{\"role\": \"user\", \"content\": \"count to %d, no. %d\"}, {\"role\": \"assistant\", \"content\": \"so many: %d\"}, {\"role\": \"user\", \"content\": \"more\"}, {\"role\": \"assistant\", \"content\": \"%d\"}]}\n", n, i, n, n + 1' >talk.jsonl
records 1 40 'printf "{\"prompt\": \"may %d come?\", \"chosen\": \"yes, %d\", \"rejected\": \"no\"}\n", i, n' >pairs.jsonl
"$TRAINER" data import-jsonl talk.jsonl talk --tokenizer bytes --format plain --validation 0.1 >import.log || fail "import"
cat >train.yaml <<'YAML'
model: {family: llama, layers: 2, heads: 4, kv_heads: 2, channels: 32, context: 128, attention: prefix}
data: {path: talk}
batch: {micro: 1, global: 8}
train: {steps: 12}
schedule: {warmup_steps: 3}
parallel: {virtual_ranks: 4}
evaluate: {every_steps: 12, batches: 4}
checkpoint: {every_steps: 4, keep_last: 5}
YAML
train() { ranks "$@" || { cat train.log; fail "training on $*"; }; }
for precision in f32 bf16; do
  train 1 "run.dir=$precision-1" "precision=$precision"
  train 2 "run.dir=$precision-2" "precision=$precision" parallel.stage=2 train.recompute=block
  train 4 "run.dir=$precision-4" "precision=$precision" parallel.stage=3
  for n in 2 4; do expect_same "$(weights "$precision-1")" "$(weights "$precision-$n")"; done
done
train 1 run.dir=half train.stop_at=5
train 2 run.dir=half parallel.stage=1 --resume
expect_same "$(weights f32-1)" "$(weights half)"
train 1 run.dir=causal model.attention=causal
! cmp -s "$(weights f32-1)" "$(weights causal)" || fail "a prefix changes nothing"

number() { sed -E "s/.*\"$1\": ?([-0-9.e+]+).*/\1/"; }
"$TRAINER" eval f32-1 --json >packed.json || fail "eval"
"$TRAINER" eval f32-1 --json data.pack=false >alone.json || fail "eval, one in each"
[ "$(number tokens <packed.json)" = "$(number tokens <alone.json)" ] || fail "other tokens: $(cat packed.json alone.json)"
awk -v a="$(number loss <packed.json)" -v b="$(number loss <alone.json)" 'BEGIN { d = a - b; exit !(d * d < 1e-12 * a * a && a > 0) }' ||
  fail "other losses: $(cat packed.json alone.json)"

tells "count to 4, no. 17" "$TRAINER" generate f32-1 --prompt "count to 4, no. 17" --tokens 20
printf 'count to 3\ncount to 4, no. 17\n' >prompts.txt
"$TRAINER" generate f32-1 --prompts prompts.txt --tokens 20 >texts.log || fail "generate --prompts"
[ "$(grep -c '"tokens":20' texts.log)" -eq 2 ] || { cat texts.log; fail "not two texts"; }
printf 'hello\nmore\n' | "$TRAINER" chat f32-1 --format plain --tokens 20 --temperature 0 >chat.log || fail "chat"
[ -s chat.log ] || fail "chat says nothing"

tells "a rank" "$TRAINER" plan train.yaml data.path=nowhere model.vocabulary=256

# Preference pairs, behind the model that talks.
cp -r "$(dirname "$(weights f32-1)")" model
"$TRAINER" data import-jsonl pairs.jsonl pairs --model model --format plain --validation 0.2 >import.log || { cat import.log; fail "import"; }
sed -i -e 's/^model: .*/model: {from: model}\nloss: {name: dpo}/' -e 's/path: talk/path: pairs/' train.yaml
train 1 run.dir=prefers-1
train 2 run.dir=prefers-2 parallel.stage=3
expect_same "$(weights prefers-1)" "$(weights prefers-2)"
grep -q 'attention: prefix' prefers-1/config.yaml || fail "attention does not come with the weights"

for format in huggingface gguf; do
  refuse 2 "whoever reads the file would take it for a causal model" "$TRAINER" export f32-1 "out-$format" --format $format
  [ ! -e "out-$format" ] || fail "something was left of $format"
done
[ ! -e "$(dirname "$(weights f32-1)")/config.json" ] || fail "a config.json of a causal model"
make_text >text.txt
"$TRAINER" data import-text text.txt plays --tokenizer bytes >import.log || fail "import-text"
sed -i -e 's/^model: .*/model: {family: llama, attention: prefix}/' -e 's/^loss: .*//' train.yaml
refuse 3 "wants to know where prompts end" "$TRAINER" train train.yaml data.path=plays run.dir=no
refuse 2 "prompts that are read whole have no window" "$TRAINER" train train.yaml data.path=talk model.window=8 run.dir=no
