#!/usr/bin/env bash
# The family llama: 1, 2 and 3 ranks of one global batch end in the same bytes, whatever they shard, after a resume and
# with recomputation too; the checkpoint has the peer's names and config.json, and writes text.
. "$(dirname "$0")/common.sh"
make_data
cat >train.yaml <<'YAML'
model: {family: llama, layers: 2, heads: 4, kv_heads: 2, channels: 32, context: 32}
data: {path: data}
batch: {micro: 1, global: 12}
train: {steps: 20}
schedule: {warmup_steps: 5}
parallel: {virtual_ranks: 4}
evaluate: {every_steps: 20, batches: 4}
checkpoint: {every_steps: 10, keep_last: 3}
YAML
# same NAME RANKS KEY=VALUE...: a run, compared with run NAME.
same() {
  local name=$1 n=$2 run=$1-$2-$RANDOM
  shift 2
  ranks "$n" "run.dir=$run" "$@" || { cat train.log; fail "$n ranks, $*"; }
  if [ -e "$name" ]; then
    expect_same "$(weights "$name")" "$(weights "$run")"
  else
    mv "$run" "$name"
  fi
}

# Of 2 ranks each has two virtual ones, of 3 ranks too.
six=(parallel.virtual_ranks=6)
qwen=(model.qk_norm=true model.rotary.base=500 model.tied=true model.window=9 "model.window_layers=[1]" model.head_dim=6)
for precision in f32 bf16; do
  same "llama-$precision" 1 "precision=$precision"
  same "llama-$precision" 2 "precision=$precision" parallel.stage=3
  same "llama-six-$precision" 1 "precision=$precision" "${six[@]}"
  same "llama-six-$precision" 3 "precision=$precision" "${six[@]}" parallel.stage=1 train.recompute=block
  same "qwen-$precision" 1 "precision=$precision" "${qwen[@]}" "${six[@]}"
  same "qwen-$precision" 3 "precision=$precision" "${qwen[@]}" "${six[@]}" parallel.stage=2
done
glm=(model.rotary.layout=interleaved model.rotary.fraction=0.5 model.post_norms=true model.qkv_bias=true)
same glm 1 "${glm[@]}"
same glm 2 "${glm[@]}"

# Stopped half way and resumed on other ranks.
ranks 1 run.dir=half train.stop_at=10 || fail "half a run"
ranks 2 run.dir=half --resume || { cat train.log; fail "resumed"; }
expect_same "$(weights llama-f32)" "$(weights half)"

checkpoint=$(dirname "$(weights llama-f32)")
grep -q '"LlamaForCausalLM"' "$checkpoint/config.json" || fail "no architecture in config.json"
grep -q '"Glm4ForCausalLM"' "$(dirname "$(weights glm)")/config.json" || fail "no architecture in config.json of GLM"
for name in model.embed_tokens.weight lm_head.weight model.layers.1.self_attn.k_proj.weight model.norm.weight \
  model.layers.0.mlp.up_proj.weight model.layers.0.post_attention_layernorm.weight; do
  head -c 4000 "$checkpoint/model.safetensors" | grep -qaF "\"$name\"" || fail "no $name in model.safetensors"
done
! head -c 4000 "$checkpoint/model.safetensors" | grep -qaF qkv_proj || fail "qkv_proj is no name of the peer"

for run in llama-f32 qwen-bf16 glm; do
  "$TRAINER" generate "$run" --prompt "the king" --tokens 60 >text.log || fail "generate from $run"
  grep -q "the king" text.log || fail "no text from $run"
done
refuse 2 "model.kv_heads = 3 does not divide model.heads = 4" "$TRAINER" train train.yaml model.kv_heads=3 run.dir=no
refuse 2 "pairs are turned, so an even number is wanted" "$TRAINER" train train.yaml model.head_dim=5 run.dir=no
