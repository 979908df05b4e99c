#!/usr/bin/env bash
# All tests and benchmarks on this machine's GPU, into one readable file: run.sh [--no-benchmark] [REPORT]
# Works from the source tree and from a bundle (bundle.sh). Exit status: 0 if every part that could run passed, 1 if one
# failed, 2 if there is no GPU to test.
set -uo pipefail
with_benchmark=1
[ "${1:-}" != --no-benchmark ] || { with_benchmark=0; shift; }
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [ -d "$here/bin" ]; then
  bin=$here/bin data=$here report=${1:-gpu_report.txt}
  export LD_LIBRARY_PATH=$here/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} CONVOY_REFERENCE_FOLDER=$here/reference
else
  cd "$here/../.."
  CONVOY_PRESET=cuda launcher/build.sh || exit 1
  bin=$PWD/build/cuda/bin data=$here report=${1:-build/gpu_report.txt}
fi
report=$(realpath "$report")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
failed=0 left_out=0

say() { printf '%s\n' "$*" | tee -a "$report"; }
title() { say "" "== $*"; }
leave_out() { say "left out: $*"; left_out=$((left_out + 1)); }
# check NAME COMMAND...: one line in the report, the output only where it failed
check() {
  local name=$1 start=$SECONDS
  shift
  if "$@" >check.log 2>&1; then
    say "passed  $name ($((SECONDS - start)) s)"
  else
    say "FAILED  $name"
    tail -40 check.log | sed 's/^/    /' | tee -a "$report"
    failed=$((failed + 1))
  fi
}

# Where CUDA's own libraries are, if the loader does not know. cuBLASLt is loaded later, and not among ldd's.
find_cuda_libraries() {
  local name folder
  for name in libcublasLt.so.13 libnccl.so.2; do
    if grep -q "$name => /" <<<"$(ldd "$bin/trainer")" || grep -qF "$name" <<<"$(ldconfig -p)"; then continue; fi
    for folder in /usr/local/cuda/lib64 /usr/local/cuda-13*/lib64 \
      $(python3 -c 'import torch, pathlib; print(*{p.parent for p in pathlib.Path(torch.__file__).parent.parent.glob("nvidia/**/*.so*")})' 2>/dev/null); do
      if [ -e "$folder/$name" ]; then
        export LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$folder
        break
      fi
    done
  done
  ! ldd "$bin/trainer" | grep 'not found' || { echo "run.sh: libraries above are missing; install CUDA 13 or PyTorch with CUDA 13"; exit 2; }
}

make_data() {
  awk 'BEGIN { s = 7; for (i = 0; i < 400000; i++) { s = (s * 1103515245 + 12345) % 2147483648; printf "%s ", s % 9973 } }' >text.txt
  mkdir -p data
  "$bin/trainer" data import-text text.txt data/gpu --tokenizer bytes >/dev/null
}

losses() { sed -n 's/.*"loss":\([^,]*\),.*/\1/p' "$1/metrics.jsonl"; }
# same_losses CPU_RUN CUDA_RUN TOLERANCE
same_losses() {
  paste <(losses "$1") <(losses "$2") | awk -v t="$3" '{ d = ($1 - $2) / $1; if (d < 0) d = -d; if (d > m) m = d; n++ }
    END { printf "%d steps, largest relative difference %.2g\n", n, m; exit !(n > 0 && m <= t) }'
}
train_small() {  # RUN KEY=VALUE...
  local run=$1
  shift
  "$bin/trainer" train "$data/gpt2-124m.yaml" model.preset= model.layers=2 model.heads=2 model.channels=128 \
    model.context=128 model.vocabulary=256 batch.micro=4 batch.global=8 train.steps=20 log.every_steps=1 run.dir="$run" "$@"
}

median() { sort -g | awk '{ v[NR] = $1 } END { print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
number() { sed -n "s/.*\"$1\":\([0-9.eE+-]*\).*/\1/p" | tail -n +11 | median; }
benchmark() {  # NAME: three pairs, Convoy and PyTorch in turn
  local config=$data/$1.yaml ours theirs pair
  for pair in 1 2 3; do
    rm -rf bench
    "$bin/trainer" train "$config" run.dir=bench data.path=data/gpu >bench.log 2>&1 || { tail -20 bench.log; return 1; }
    ours=$(number tokens_per_s <bench/metrics.jsonl)
    printf '%s pair %d: convoy %.0f tokens/s, MFU %.3f' "$1" "$pair" "$ours" "$(number mfu <bench/metrics.jsonl)"
    if [ -n "$python" ]; then
      theirs=$("$python" "$data/pytorch_twin.py" "$config" --device cuda --precision bf16 --steps 30 --vocabulary 50304 \
        ${compile:+--compile} | sed -n 's/.*tokens_per_s \([0-9.]*\)/\1/p' | tail -n +11 | median)
      awk -v a="$ours" -v b="$theirs" 'BEGIN { printf "; PyTorch %.0f tokens/s; ratio %.2f", b, a / b }'
    fi
    echo
  done
}

: >"$report"
say "Convoy on a GPU, $(date -u +%Y-%m-%d)"
find_cuda_libraries
devices=$("$bin/trainer" doctor) || { say "$devices"; exit 2; }
say "$devices"
nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm --format=csv,noheader 2>/dev/null | tee -a "$report"
grep -q 'device 0:' <<<"$devices" || { say "no GPU: nothing is tested"; exit 2; }
python=$(command -v python3 || true)
[ -n "$python" ] && "$python" -c 'import torch, yaml, sys; sys.exit(not torch.cuda.is_available())' 2>/dev/null || python=

title "operators, GPT-2 and Llama on the device"
for test in matmul_test operators_test operators_reference_test gpt2_reference_test llama_reference_test cuda_device_test; do
  check "$test" env CONVOY_TEST_DEVICE=cuda "$bin/$test"
done

title "a small GPT beside the CPU, 20 steps"
make_data
for precision in f32 bf16; do
  tolerance=$([ $precision = f32 ] && echo 1e-4 || echo 2e-2)
  check "cpu $precision" train_small cpu-$precision device=cpu precision=$precision
  check "graph $precision" train_small graph-$precision precision=$precision
  check "eager $precision" train_small eager-$precision precision=$precision train.cuda_graph=false
  check "losses of graph $precision" same_losses cpu-$precision graph-$precision $tolerance
  check "bits of eager and graph $precision" cmp {graph,eager}-$precision/checkpoints/step-00000020/model.safetensors
done

title "compute-sanitizer"
if command -v compute-sanitizer >/dev/null; then
  for tool in memcheck racecheck synccheck initcheck; do
    check "$tool" env CONVOY_TEST_DEVICE=cuda compute-sanitizer --tool "$tool" --error-exitcode 1 "$bin/operators_reference_test"
  done
else
  leave_out "compute-sanitizer is not installed"
fi

title "throughput: GPT-2 in bf16, medians of steps 11 to 30"
if [ $with_benchmark -eq 0 ]; then
  leave_out "asked for with --no-benchmark"
  say "" "$failed failed, $left_out left out; this report: $report"
  exit $((failed > 0))
fi
[ -n "$python" ] || leave_out "PyTorch beside it: there is no python3 with torch, CUDA and yaml"
for compile in "" 1; do
  [ -n "$python" ] || [ -z "$compile" ] || continue
  [ -n "$python" ] && say "PyTorch ${compile:+compiled}${compile:-eager}"
  for model in gpt2-124m gpt2-350m; do benchmark $model 2>&1 | tee -a "$report"; [ "${PIPESTATUS[0]}" -eq 0 ] || failed=$((failed + 1)); done
done

say "" "$failed failed, $left_out left out; this report: $report"
exit $((failed > 0))
