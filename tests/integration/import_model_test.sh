#!/usr/bin/env bash
# Models of others: a GGUF file and Hugging Face folders, whole and in several files, become model folders that generate,
# evaluate and train; weights that are only copied stay the same bytes; what does not fit is refused and leaves nothing.
. "$(dirname "$0")/common.sh"
make_data
import() { "$TRAINER" import "$@" >import.log 2>&1 || { cat import.log; fail "import $*"; }; }

# shellcheck disable=SC2154  # from common.sh
import "$source_dir/tests/reference/gguf.gguf" of-gguf
grep -q "of-gguf: imported, llama, 1 layers" import.log || { cat import.log; fail "not said what it is"; }
"$TRAINER" generate of-gguf --prompt "abc a" --tokens 5 >text || fail "generating"
import "$source_dir/tests/reference/gguf.gguf" halved --type bf16
[ $(($(stat -c %s of-gguf/model.safetensors) * 10 / $(stat -c %s halved/model.safetensors))) -ge 19 ] || fail "bf16 is not half as large"
refuse 2 "of-gguf is there already" "$TRAINER" import "$source_dir/tests/reference/gguf.gguf" of-gguf
refuse 2 "there are f32 and bf16" "$TRAINER" import "$source_dir/tests/reference/gguf.gguf" new --type q4_0

# A folder as Hugging Face has it: what a checkpoint holds of it.
cat >llama.yaml <<'YAML'
model: {family: llama, layers: 2, heads: 4, kv_heads: 2, channels: 32, context: 32}
data: {path: data}
batch: {micro: 2, global: 16}
train: {steps: 20}
parallel: {virtual_ranks: 4}
YAML
"$TRAINER" train llama.yaml run.dir=base >train.log || { cat train.log; fail "training"; }
mkdir folder
for file in model.safetensors config.json tokenizer.json; do cp "base/checkpoints/step-00000020/$file" folder; done
import folder model
expect_same folder/model.safetensors model/model.safetensors
loss() { "$TRAINER" eval "$@" --json | sed -n 's/.*"loss":\([0-9.e+-]*\),.*/\1/p'; }
[ "$(loss base)" = "$(loss model data.path=data batch.micro=2 batch.global=16)" ] || fail "another loss: $(loss base), $(loss model data.path=data)"
sed '/^model:/d' llama.yaml >tune.yaml
for n in 1 2; do
  mpirun --oversubscribe -np "$n" "$TRAINER" train tune.yaml run.dir="tune-$n" model.from=model train.steps=5 >train.log 2>&1 || { cat train.log; fail "tuning on $n ranks"; }
done
expect_same "$(weights tune-1)" "$(weights tune-2)"

# The same weights in two files and an index, as large models come.
mkdir shards
cp folder/config.json shards
python3 - <<'PY'
import json, struct
raw = open('folder/model.safetensors', 'rb').read()
n = struct.unpack('<Q', raw[:8])[0]
header = json.loads(raw[8:8 + n]); header.pop('__metadata__')
names, where = sorted(header), {}
for part, own in enumerate((names[::2], names[1::2]), 1):
    out, data = {}, b''
    for name in own:
        begin, end = header[name]['data_offsets']
        out[name] = dict(header[name], data_offsets=[len(data), len(data) + end - begin])
        data += raw[8 + n + begin:8 + n + end]
        where[name] = f'model-{part:05}-of-00002.safetensors'
    text = json.dumps(out).encode()
    open(f'shards/model-{part:05}-of-00002.safetensors', 'wb').write(struct.pack('<Q', len(text)) + text + data)
json.dump({'metadata': {}, 'weight_map': where}, open('shards/model.safetensors.index.json', 'w'))
PY
import shards of-shards
expect_same folder/model.safetensors of-shards/model.safetensors
grep -q "brings no tokenizer" import.log || fail "not said that there is no tokenizer"
"$TRAINER" eval of-shards data.path=data >eval.log || { cat eval.log; fail "evaluating a model without a tokenizer"; }

rm shards/model-00002-of-00002.safetensors
refuse 4 "model-00002-of-00002.safetensors is missing" "$TRAINER" import shards none
sed -i 's/LlamaForCausalLM/MambaForCausalLM/; s/"llama"/"mamba"/' shards/config.json
cp folder/model.safetensors shards
refuse 4 "the architecture is MambaForCausalLM; supported are GPT2LMHeadModel, LlamaForCausalLM" "$TRAINER" import shards none
sed 's/"hidden_size": 32/"hidden_size": 64/' folder/config.json >shards/config.json
refuse 4 "a model of its config.json has" "$TRAINER" import shards none
sed 's/"num_hidden_layers": 2/"num_hidden_layers": 3/' folder/config.json >shards/config.json
refuse 4 "tensor model.layers.2.input_layernorm.weight of shape (32) is missing" "$TRAINER" import shards none
cp "$source_dir/tests/reference/tokenizers/gpt2_style.json" shards/tokenizer.json
cp folder/config.json shards/config.json
refuse 4 "tokens, the model knows" "$TRAINER" import shards none
refuse 4 "holds no config.json" "$TRAINER" import data none
refuse 4 "does not begin with GGUF" "$TRAINER" import text.txt none
refuse 4 "nowhere is not there" "$TRAINER" import nowhere none
for left in none none.new new new.new; do [ ! -e "$left" ] || fail "$left was left"; done
