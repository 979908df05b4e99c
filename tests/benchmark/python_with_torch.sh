#!/usr/bin/env bash
# Prints the path of a Python that has torch, h5py and yaml: $CONVOY_PYTHON, python3, or a virtual environment in
# build/pytorch, which it makes on the first call (5 GB from PyPI). Exit status 2, with the reason, if there is none.
set -euo pipefail
cd "$(dirname "$0")/../.."
has_torch() { "$1" -c 'import torch, h5py, yaml' 2>/dev/null; }

for python in "${CONVOY_PYTHON:-}" python3 build/pytorch/bin/python; do
  if [ -n "$python" ] && command -v "$python" >/dev/null && has_torch "$python"; then command -v "$python"; exit 0; fi
done
echo "Installing PyTorch into build/pytorch, about 5 GB; CONVOY_PYTHON=/path/to/python names one that is there." >&2
if python3 -m venv build/pytorch >&2 && build/pytorch/bin/pip install --quiet --no-input torch numpy h5py pyyaml >&2; then
  echo "$PWD/build/pytorch/bin/python"
else
  echo "no Python with torch, h5py and yaml, and none could be installed (python3-venv and access to PyPI are needed)" >&2
  exit 2
fi
