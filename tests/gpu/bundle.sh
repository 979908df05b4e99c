#!/usr/bin/env bash
# Packs what tests/gpu/run.sh needs on a machine with a GPU and nothing else: bundle.sh [FILE.tar.xz]   (build/convoy_gpu.tar.xz)
set -euo pipefail
cd "$(dirname "$0")/../.."
out=${1:-build/convoy_gpu.tar.xz}
mapfile -t programs < <(echo trainer && tests/gpu/run.sh --test-programs)
CONVOY_PRESET=cuda launcher/build.sh "${programs[@]}"

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
folder=$stage/convoy
mkdir -p "$folder"/{bin,lib,reference}
for program in "${programs[@]}"; do strip -o "$folder/bin/$program" "build/cuda/bin/$program"; done
# All libraries but the C library with its companions, which belong to the machine, and CUDA's large ones.
for program in "${programs[@]}"; do ldd "build/cuda/bin/$program"; done |
  awk '$3 ~ /^\// {print $3}' | sort -u |
  grep -vE '/(libc|libm|libdl|librt|libpthread|ld-linux[^/]*|libresolv|libutil|libnsl|libanl|libcublasLt|libnccl)\.so' |
  while read -r library; do cp -L "$library" "$folder/lib/$(basename "$library")"; done
strip --strip-unneeded "$folder"/lib/*.so* 2>/dev/null || true
glibc=$(objdump -T "$folder"/bin/* "$folder"/lib/* | grep -oE 'GLIBC_[0-9.]+' | sort -Vu | tail -1 | sed 's/GLIBC_//')
cp tests/reference/*.h5 "$folder/reference/"
cp tests/gpu/{run.sh,README.md,gpt2-124m.yaml,gpt2-350m.yaml,llama-60m.yaml,operators_twin.py} tests/benchmark/pytorch_twin.py "$folder/"

mkdir -p "$(dirname "$out")"
# The programs hold the same kernels: a dictionary larger than one of them finds each only once.
tar -C "$stage" -cf - convoy | xz -T1 --lzma2=preset=2,dict=128MiB >"$out"
bytes=$(stat -c %s "$out")
((bytes < 60000000)) || { echo "bundle: $out has $bytes bytes, 60000000 are the most" >&2; exit 1; }
echo "$out: $((bytes / 1000000)) MB, for machines with glibc $glibc or newer"
