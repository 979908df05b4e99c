#!/usr/bin/env bash
# llama_huggingface_test.sh PROGRAM: what llama_checkpoint wrote loads in Hugging Face transformers, every weight of it,
# and has the same loss there. Exits 77 (skipped) where the Python packages are not installed; PYTHON names another
# interpreter.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
tokens=(1 2 3 4 5 6 7 8 19 3 3 12 11 0 1 15 4)
for kind in llama llama3 yarn mistral qwen2 qwen3 glm glm4; do
  here=$("$1" "$folder/$kind" "$kind" "${tokens[@]}")
  there=$(HF_HUB_OFFLINE=1 "${PYTHON:-python3}" "$(dirname "$0")/../../reference/check_huggingface.py" "$folder/$kind" \
    --tokens "${tokens[*]}") || { status=$?; echo "$kind: $there"; exit $status; }
  echo "$kind: $here, there $there"
  awk -v here="${here#loss }" -v there="$(sed -n 's/^loss //p' <<<"$there")" \
    'BEGIN { d = here - there; exit !(there > 0 && d < 1e-5 * there && d > -1e-5 * there) }' ||
    { echo "FAILED: $kind has another loss in transformers"; exit 1; }
done
