#!/usr/bin/env bash
# How fast a model reads a prompt and writes, beside llama.cpp, 2 threads each: the median tokens/s of both and the median
# of the ratios, pair by pair. llama.cpp is the package xllamacpp, installed once from PyPI; it reads what `trainer export
# --format gguf` makes of the model.
# Usage: generate_speed.sh MODEL [f32|bf16] [PAIRS]     MODEL: a model folder of the family llama; f32, 5 pairs
set -euo pipefail
cd "$(dirname "$0")/../.."
(($# > 0)) || { sed -n 2,5p "$0" >&2; exit 2; }
model=$1 type=${2-f32} pairs=${3-5}
trainer=build/$(launcher/preset.sh)/bin/trainer
python=build/python_with_llama/bin/python
[ -x "$python" ] || { python3 -m venv build/python_with_llama && "$python" -m pip -q install xllamacpp==2026.10.11549; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$trainer" export "$model" "$work/model.gguf" --format gguf --type "$type" >"$work/log" || { cat "$work/log"; exit 1; }
"$python" tests/benchmark/generate_speed.py "$trainer" "$model" "$work/model.gguf" "$type" "$pairs" 2>"$work/log" ||
  { tail -5 "$work/log" >&2; exit 1; }
