#!/usr/bin/env bash
# Prints the CMake preset for this machine, which is also the folder under build/: cuda where nvcc 12.8 or newer is
# there, else cpu. CONVOY_PRESET, if set, decides.
set -euo pipefail
if [ -n "${CONVOY_PRESET:-}" ]; then
  echo "$CONVOY_PRESET"
  exit
fi
nvcc=$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)
version=$("$nvcc" --version 2>/dev/null | sed -n 's/.*release \([0-9.]*\),.*/\1/p' || true)
if [ -n "$version" ] && [ "$(printf '12.8\n%s\n' "$version" | sort -V | head -1)" = 12.8 ]; then
  echo cuda
else
  echo cpu
fi
