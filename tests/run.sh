#!/usr/bin/env bash
# Installs what is missing, builds everything and runs all tests; words are passed on to ctest: run.sh -R comm
# Safe to run twice. Exit status: 0 if every test passed.
set -euo pipefail
cd "$(dirname "$0")/.."

launcher/install_packages.sh
launcher/build.sh

# shellcheck source=launcher/mpi_environment.sh
. launcher/mpi_environment.sh
echo "Not tested: CUDA, this version has the CPU device alone."
ctest --test-dir build/cpu --output-on-failure --parallel "$(nproc)" "$@"
