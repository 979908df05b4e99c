#!/usr/bin/env bash
# Configures and builds build/cpu, or build/cuda where nvcc is (launcher/preset.sh): build.sh [TARGET...]   (no target:
# everything). Quick if nothing changed.
# Uses ccache where there is one.
set -euo pipefail
cd "$(dirname "$0")/.."

# A compiler needs up to 1 GiB for our largest files: a machine with many cores and little memory must not swap.
memory_gib=$(awk '/MemAvailable/ {print int($2 / 1048576)}' /proc/meminfo)
jobs=$(nproc)
((jobs <= memory_gib)) || jobs=$((memory_gib > 0 ? memory_gib : 1))

if command -v ccache >/dev/null; then
  export CMAKE_CXX_COMPILER_LAUNCHER="${CMAKE_CXX_COMPILER_LAUNCHER-ccache}"
  export CMAKE_CUDA_COMPILER_LAUNCHER="${CMAKE_CUDA_COMPILER_LAUNCHER-ccache}"
fi
preset=$(launcher/preset.sh)
log=build/$preset/configure.log
mkdir -p "build/$preset"
if ! cmake --preset "$preset" >"$log" 2>&1; then
  cat "$log" >&2
  echo "build: cmake could not configure (its output is above and in $log); launcher/install_packages.sh installs what it wants" >&2
  exit 2
fi
targets=()
if (($# > 0)); then targets=(--target "$@"); fi
exec cmake --build "build/$preset" --parallel "$jobs" "${targets[@]}"
