#!/usr/bin/env bash
# The fuzzers driven by libFuzzer, which looks for inputs that reach new code, with AddressSanitizer: builds build/fuzz with
# clang 16 or newer ($CLANG names one; Debian: clang-16 libclang-rt-16-dev libomp-16-dev) and runs each reader.
# Usage: libfuzzer.sh [SECONDS [READER...]]     default: 300 seconds each of csv gguf hdf5 idx jpeg manifest png
# What is found lies in build/fuzz/found/READER-*; corpora are kept in build/fuzz/corpus and grow from run to run.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-300}
shift $(($# > 0 ? 1 : 0))
readers=("$@")
((${#readers[@]})) || readers=(csv gguf hdf5 idx jpeg manifest png)

clang=${CLANG:-}
for version in 21 20 19 18 17 16; do
  [ -n "$clang" ] || ! command -v "clang++-$version" >/dev/null || clang=clang++-$version
done
[ -n "$clang" ] || { echo "libfuzzer.sh: no clang++-16 or newer; install one, or name it: CLANG=/path/to/clang++" >&2; exit 2; }

# Good inputs to begin with come from the same targets as the tests build them.
preset=$(launcher/preset.sh)
launcher/build.sh "${readers[@]/#/fuzz_}"
cmake -S . -B build/fuzz -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo "-DCMAKE_CXX_COMPILER=$clang" \
  -DCONVOY_SANITIZE=address,fuzzer-no-link -DCONVOY_LIBFUZZER=ON >build/fuzz-configure.log || { cat build/fuzz-configure.log >&2; exit 2; }
cmake --build build/fuzz --target "${readers[@]/#/fuzz_}"

mkdir -p build/fuzz/found
status=0
for reader in "${readers[@]}"; do
  corpus=build/fuzz/corpus/$reader
  mkdir -p "$corpus"
  "build/$preset/tests/fuzz/fuzz_$reader" --write-seeds "$corpus"
  echo "== $reader, $seconds seconds"
  build/fuzz/tests/fuzz/"fuzz_$reader" -max_total_time="$seconds" -max_len=65536 -timeout=20 -rss_limit_mb=6144 -verbosity=0 \
    -print_final_stats=1 -artifact_prefix="build/fuzz/found/$reader-" "$corpus" || status=1
done
exit $status
