#!/usr/bin/env bash
# Models go out as Hugging Face folders and GGUF files: what comes back has the same bytes and the same loss, of every
# kind of model; what a format cannot say is refused and leaves nothing.
. "$(dirname "$0")/common.sh"
make_text >text.txt
cat >llama.yaml <<'YAML'
model: {family: llama, layers: 2, heads: 4, kv_heads: 2, head_dim: 16, channels: 64, hidden: 96, context: 32}
data: {path: data}
batch: {micro: 2, global: 4}
train: {steps: 2}
YAML
# A GGUF file gives a tokenizer.json with the same tokens in our own words; so the data is of one that came that way.
# shellcheck disable=SC2154  # from common.sh
"$TRAINER" data import-text text.txt first --tokenizer "$source_dir/tests/reference/tokenizers/gpt2_style.json" >import.log
"$TRAINER" train llama.yaml run.dir=first-run data.path=first >train.log 2>&1 || { cat train.log; fail "training"; }
"$TRAINER" export first-run first.gguf --format gguf >export.log || { cat export.log; fail "exporting"; }
"$TRAINER" import first.gguf first-again >import.log || { cat import.log; fail "importing"; }
"$TRAINER" data import-text text.txt data --tokenizer first-again/tokenizer.json >import.log
export_model() { "$TRAINER" export "$@" >export.log 2>&1 || { cat export.log; fail "export $*"; }; }
loss() { "$TRAINER" eval "$@" --batches 4 --json | sed -n 's/.*"loss":\([0-9.e+-]*\),.*/\1/p'; }

# round NAME KEY=VALUE...: trained, exported, imported again
round() {
  local name=$1
  shift
  "$TRAINER" train llama.yaml run.dir="$name" "$@" >train.log 2>&1 || { cat train.log; fail "training $name"; }
  export_model "$name" "$name.gguf" --format gguf
  "$TRAINER" import "$name.gguf" "$name-again" >import.log || { cat import.log; fail "importing $name"; }
  expect_same "$(weights "$name")" "$name-again/model.safetensors"
  [ "$(loss "$name")" = "$(loss "$name-again" data.path=data batch.micro=2 batch.global=4)" ] || fail "$name: another loss"
  export_model "$name" "$name-folder" --format huggingface
  expect_same "$(weights "$name")" "$name-folder/model.safetensors"
}
round llama
round qwen2 model.qkv_bias=true model.tied=true model.rotary.base=1e6
round qwen3 model.qk_norm=true model.norm_eps=1e-6
round glm4 model.qkv_bias=true model.post_norms=true model.rotary.layout=interleaved model.rotary.fraction=0.5
round long model.rotary.scaling=llama3 model.rotary.factor=8 model.rotary.original_context=8192 model.rotary.base=5e5
round yarn model.rotary.scaling=yarn model.rotary.factor=4 model.rotary.original_context=16
for file in config.json tokenizer.json tokenizer_config.json generation_config.json model.safetensors; do
  [ -e "llama-folder/$file" ] || fail "no $file"
done
[ "$(find llama-folder -type f | wc -l)" -eq 5 ] || fail "more than a Hugging Face folder"
"$TRAINER" import llama-folder back >import.log || { cat import.log; fail "importing a folder"; }
expect_same "$(weights llama)" back/model.safetensors

# Fewer bits: the loss is near, and the file small.
for type in f16 bf16 q8_0 q4_0; do
  export_model llama "small-$type.gguf" --format gguf --type "$type"
  "$TRAINER" import "small-$type.gguf" "small-$type" >import.log || { cat import.log; fail "importing $type"; }
  awk -v a="$(loss llama)" -v b="$(loss "small-$type" data.path=data batch.micro=2 batch.global=4)" \
    'BEGIN { exit !(b > 0 && (a - b) ^ 2 < 0.02 ^ 2) }' || fail "the loss of $type is far off"
done
for smaller in small-f16 small-q8_0 small-q4_0; do
  [ "$(stat -c %s "$smaller.gguf")" -lt "$(stat -c %s llama.gguf)" ] || fail "$smaller is not smaller"
done

# What a tuned model began with stays beside it, also after a resume without the model that it came from.
python3 - <<'PY'
import json
# A template as a published model brings it: written into the folder before it is imported.
config = json.load(open('llama-folder/tokenizer_config.json'))
config['chat_template'] = '{{ messages }}'
json.dump(config, open('llama-folder/tokenizer_config.json', 'w'))
PY
"$TRAINER" import llama-folder tunable >import.log
sed '/^model:/d' llama.yaml >tune.yaml
"$TRAINER" train tune.yaml run.dir=tuned model.from=tunable >train.log 2>&1 || { cat train.log; fail "tuning"; }
expect_same tunable/tokenizer_config.json tuned/checkpoints/step-00000002/tokenizer_config.json
rm -r tunable
"$TRAINER" train tuned/config.yaml train.steps=4 --resume >train.log 2>&1 || { cat train.log; fail "going on without the model"; }
grep -q '{{ messages }}' tuned/checkpoints/step-00000004/tokenizer_config.json || fail "the template is lost"
export_model tuned tuned.gguf --format gguf
"$TRAINER" import tuned.gguf tuned-again >import.log
grep -q '{{ messages }}' tuned-again/tokenizer_config.json || fail "the template is not in the GGUF file"

refuse 2 "llama.gguf is there already" "$TRAINER" export llama llama.gguf --format gguf
refuse 2 "there are huggingface, gguf and peft" "$TRAINER" export llama none
refuse 2 "there are huggingface, gguf and peft" "$TRAINER" export llama none --format onnx
refuse 2 "has no adapter" "$TRAINER" export llama none --format peft
refuse 2 "there are f32, f16, bf16, q8_0 and q4_0" "$TRAINER" export llama none --format gguf --type q6_K
refuse 2 "--type is of --format gguf" "$TRAINER" export llama none --format huggingface --type f16
refuse 4 "holds no checkpoint" "$TRAINER" export data none --format gguf
"$TRAINER" data import-text text.txt letters-data --tokenizer characters >import.log
cat >gpt2.yaml <<'YAML'
model: {layers: 1, heads: 2, channels: 32, context: 32}
data: {path: letters-data}
batch: {micro: 2, global: 4}
train: {steps: 2}
YAML
"$TRAINER" train gpt2.yaml run.dir=gpt2 >train.log 2>&1 || { cat train.log; fail "training GPT-2"; }
refuse 2 "is of the family gpt2; GGUF files are written of the family llama" "$TRAINER" export gpt2 none --format gguf
export_model gpt2 gpt2-folder --format huggingface
"$TRAINER" train llama.yaml run.dir=letters data.path=letters-data >train.log 2>&1 || { cat train.log; fail "training on characters"; }
refuse 2 "cuts text otherwise than gpt-2" "$TRAINER" export letters none --format gguf
for left in none none.new; do [ ! -e "$left" ] || fail "$left was left"; done
