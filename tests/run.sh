#!/usr/bin/env bash
# Installs what is missing, builds everything and runs all tests; words are passed on to ctest: run.sh -R comm
# Safe to run twice. Exit status: 0 if every test passed.
set -euo pipefail
cd "$(dirname "$0")/.."

launcher/install_packages.sh --for-tests
launcher/build.sh

# shellcheck source=launcher/mpi_environment.sh
. launcher/mpi_environment.sh
preset=$(launcher/preset.sh)
if [ "$preset" != cuda ]; then
  echo "Not tested: the CUDA device, since there is no nvcc. NVIDIA's CUDA toolkit 12.8 or newer has it; no GPU is needed."
fi
ctest --test-dir "build/$preset" --output-on-failure --parallel "$(nproc)" "$@"
