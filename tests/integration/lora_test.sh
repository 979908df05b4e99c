#!/usr/bin/env bash
# Adapters beside a model whose weights stay as they are: the same bits on any number of ranks, stage and resume, only
# they are saved, other weights beneath are refused, and what is exported has the loss that the run has.
. "$(dirname "$0")/common.sh"
make_text >text.txt
# shellcheck disable=SC2154  # from common.sh
"$TRAINER" data import-text text.txt data --tokenizer "$source_dir/tests/reference/tokenizers/gpt2_style.json" >import.log
cat >train.yaml <<'YAML'
model: {family: llama, layers: 2, heads: 4, kv_heads: 2, channels: 32, hidden: 48, context: 32}
data: {path: data}
batch: {micro: 2, global: 16}
train: {steps: 12}
optimizer: {lr: 0.01}
schedule: {warmup_steps: 2}
parallel: {virtual_ranks: 4}
evaluate: {every_steps: 12, batches: 4}
checkpoint: {every_steps: 4}
YAML
ranks 1 run.dir=base train.steps=20 || { cat train.log; fail "training"; }
cp -r base/checkpoints/step-00000020 model
sed -i 's/^model:.*/model: {from: model, adapter: {kind: lora, rank: 4, alpha: 8, dropout: 0.1}}/; s/lr: 0.01/lr: 0.02/' train.yaml
tune() { ranks "$@" || { cat train.log; fail "tuning $*"; }; }

# The same bits.
tune 1 run.dir=one
tune 2 run.dir=two parallel.stage=1 train.recompute=block
tune 4 run.dir=four parallel.stage=2
tune 2 run.dir=stopped parallel.stage=3 train.stop_at=4
tune 1 run.dir=stopped run.resume=must
for run in two four stopped; do expect_same "$(weights one)" "$(weights $run)"; done
tune 1 run.dir=alone parallel.virtual_ranks=3 batch.global=6
tune 3 run.dir=three parallel.virtual_ranks=3 batch.global=6 parallel.stage=3
expect_same "$(weights alone)" "$(weights three)"
"$TRAINER" train train.yaml run.dir=killed >killed.log 2>&1 &
for _ in $(seq 200); do [ -e killed/checkpoints/latest ] && break; sleep 0.05; done
kill -9 $! 2>/dev/null || true
wait $! 2>/dev/null || true
tune 2 run.dir=killed run.resume=auto parallel.stage=2
expect_same "$(weights one)" "$(weights killed)"
tells "these are the recorded bits" "$TRAINER" replay two --step 7

# Only what is trained is saved, and it does something.
python3 - "$(weights one)" <<'PY' || fail "the checkpoint holds something else"
import json, struct, sys
with open(sys.argv[1], "rb") as file:
    names = set(json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))) - {"__metadata__"}
maps = ["self_attn." + x for x in ("q_proj", "k_proj", "v_proj", "o_proj")]
maps += ["mlp." + x for x in ("gate_proj", "up_proj", "down_proj")]
assert names == {f"model.layers.{i}.{m}.lora_{x}.weight" for i in (0, 1) for m in maps for x in "AB"}, names
PY
[ ! -e "$(dirname "$(weights one)")/config.json" ] || fail "a config.json promises a model"
loss() { "$TRAINER" eval "$@" --json | sed -n 's/.*"loss":\([0-9.e+-]*\),.*/\1/p'; }
near() { awk -v a="$1" -v b="$2" -v most="$3" 'BEGIN { exit !(a > 0 && (a - b) ^ 2 <= most ^ 2) }'; }
awk -v a="$(loss one)" -v b="$(loss model)" 'BEGIN { exit !(a < b - 0.005) }' || fail "tuning went from $(loss model) to $(loss one)"
"$TRAINER" generate one --prompt "the " --tokens 20 >generated.txt || fail "generating"
bytes() { "$TRAINER" plan train.yaml run.dir=none "$@" --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["bytes"])'; }
planned=$(bytes)
used=$(sed -n 's/.*"step":12,.*"memory_bytes":\([0-9]*\).*/\1/p' one/metrics.jsonl)
[ "$planned" = "$used" ] || fail "planned are $planned bytes, used $used"

# What is not trained costs no gradient: two thirds of a step's operations, and those of a narrow adapter.
flops() { "$TRAINER" plan train.yaml run.dir=none "$@" --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["flops"])'; }
awk -v a="$(flops model.adapter.rank=1)" -v b="$(flops model.adapter.kind=none)" 'BEGIN { exit !(a > 0.66 * b && a < 0.8 * b) }' ||
  fail "an adapter's step has $(flops model.adapter.rank=1) operations, that of the whole model $(flops model.adapter.kind=none)"

# Handed back.
export_run() { "$TRAINER" export "$@" >export.log 2>&1 || { cat export.log; fail "export $*"; }; }
export_run one merged --format huggingface
export_run one merged.gguf --format gguf
export_run one adapter --format peft
"$TRAINER" import merged again >import.log || { cat import.log; fail "importing what was merged"; }
near "$(loss one)" "$(loss again data.path=data batch.micro=2 batch.global=2)" 2e-5 || fail "merging changed the loss"
"$TRAINER" import merged.gguf from-gguf >import.log || { cat import.log; fail "importing the GGUF file"; }
expect_same merged/model.safetensors from-gguf/model.safetensors
# The real PEFT, where Python has it.
checked=0
python3 "$source_dir/tests/reference/check_peft.py" adapter merged >peft.log 2>&1 || checked=$?
[ "$checked" -eq 0 ] || [ "$checked" -eq 77 ] || { cat peft.log; fail "PEFT reads another adapter"; }
[ ! -e merged.gguf.merged ] || fail "merging left something"
grep -q '"target_modules": \[' adapter/adapter_config.json || fail "no PEFT adapter"
[ -s adapter/adapter_model.safetensors ] || fail "no adapter's weights"
tune 1 run.dir=narrow model.adapter.match='*.1.*[qv]_proj' model.adapter.scaling=rs
export_run narrow narrow-adapter --format peft
grep -q '"model.layers.1.self_attn.q_proj"' narrow-adapter/adapter_config.json || fail "the adapted maps are not named"

# Somewhere else, the model beneath is found where it was; other weights there are refused, as is none.
(mkdir elsewhere && cd elsewhere && "$TRAINER" eval ../one >../eval.log 2>&1) || { cat eval.log; fail "evaluating from elsewhere"; }
mv model gone
refuse 4 "is neither in model nor in" "$TRAINER" eval one
cp -r base/checkpoints/step-00000016 model
refuse 4 "beside others it means nothing" "$TRAINER" eval one
refuse 4 "beside others it means nothing" "$TRAINER" train train.yaml run.dir=stopped run.resume=must train.steps=20
rm -r model
mv gone model
refuse 2 "has an adapter alone" "$TRAINER" train train.yaml run.dir=new model.from=one

# What cannot be.
refuse 2 "and model.from names none" "$TRAINER" train train.yaml run.dir=new model.from=
refuse 2 "near names are" "$TRAINER" train train.yaml run.dir=new model.adapter.match=q_prj
refuse 2 "write a rank of at most 16" "$TRAINER" train train.yaml run.dir=new model.adapter.rank=17
refuse 2 "model.adapter.rank" "$TRAINER" train train.yaml run.dir=new model.adapter.rank=0
refuse 2 "lora" "$TRAINER" train train.yaml run.dir=new model.adapter.kind=lorra
refuse 2 "has no adapter" "$TRAINER" export base peft-of-base --format peft
[ ! -e new ] || fail "a refused start left a run"

# All of a model's weights but the frozen ones, which stay bit for bit.
cat >full.yaml <<'YAML'
run: {dir: full}
model: {from: model}
data: {path: data}
batch: {micro: 2, global: 8}
train: {steps: 4}
optimizer: {groups: [{match: "model.layers.0.*", freeze: true}, {match: "*norm*", freeze: true}]}
YAML
"$TRAINER" train full.yaml >train.log 2>&1 || { cat train.log; fail "tuning but for what is frozen"; }
python3 - model/model.safetensors "$(weights full)" <<'PY' || fail "the wrong weights were trained"
import json, struct, sys
def tensors(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    return {name: data[slice(*entry["data_offsets"])] for name, entry in header.items() if name != "__metadata__"}
before, after = map(tensors, sys.argv[1:])
assert before.keys() == after.keys()
for name in before:
    frozen = name.startswith("model.layers.0.") or "norm" in name
    assert (before[name] == after[name]) == frozen, name
PY
