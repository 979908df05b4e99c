#!/usr/bin/env bash
# huggingface_test.sh PROGRAM: what our writer wrote loads in Hugging Face transformers, f32 and bf16.
# Exits 77 (skipped) where the Python packages are not installed; PYTHON names another interpreter.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for dtype in f32 bf16; do
  "$1" "$folder/$dtype" "$dtype"
  HF_HUB_OFFLINE=1 "${PYTHON:-python3}" "$(dirname "$0")/../../reference/check_huggingface.py" "$folder/$dtype" --tokens "1 2 3 4 5 6 7 8"
done
