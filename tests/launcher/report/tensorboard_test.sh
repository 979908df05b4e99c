#!/usr/bin/env bash
# tensorboard_test.sh PROGRAM: TensorBoard itself reads what a run with a resume wrote.
# Exits 77 (skipped) where the Python package is not installed; PYTHON names another interpreter.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$1" "$folder"
"${PYTHON:-python3}" "$(dirname "$0")/../../reference/check_tensorboard.py" "$folder"
