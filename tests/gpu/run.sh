#!/usr/bin/env bash
# What this machine's GPU is asked: run.sh --part tests|sanitizer|bench [--limit SECONDS] [RESULTS]
# Each part ends within --limit (480) seconds on 16 cores: checks that no time is left for are left out, and said to be.
# Works from the source tree and from a bundle (bundle.sh). RESULTS (or $OUT/gpu; build/gpu_results) gets, as it comes:
#   machine.txt          the GPU, its driver, its libraries
#   PART.txt             a line a check; of a failed one the end of its output
#   bench.jsonl          of part bench: an object a measurement
#   profile-MODEL.json   of part bench: each operator of a step, timed
# so at most eight files. Exit status: 0 if every check that could run passed, 1 if one failed, 2 if there is no GPU to
# test or the call is wrong.
set -uo pipefail

# Beside trainer, what a bundle holds.
test_programs=(matmul_test operators_test operators_reference_test picture_operators_test gpt2_reference_test
  llama_reference_test cuda_device_test comm_nccl_one_rank_test)

usage() { sed -n '2,11p' "${BASH_SOURCE[0]}" >&2; exit 2; }
part='' limit=480 results=${OUT:+$OUT/gpu}
while (($#)); do
  case $1 in
    --part) part=${2:-}; shift 2 || usage ;;
    --limit) limit=${2:-}; shift 2 || usage ;;
    --test-programs) printf '%s\n' "${test_programs[@]}"; exit ;;
    -*) usage ;;
    *) results=$1; shift ;;
  esac
done
[[ $part =~ ^(tests|sanitizer|bench)$ && $limit =~ ^[0-9]+$ ]] || usage

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
libraries=''
if [ -d "$here/bin" ]; then
  bin=$here/bin data=$here results=${results:-gpu_results} libraries=$here/lib
  export CONVOY_REFERENCE_FOLDER=$here/reference
else
  cd "$here/../.."
  CONVOY_PRESET=cuda launcher/build.sh || exit 1
  SECONDS=0  # the limit is for what is run
  bin=$PWD/build/cuda/bin data=$here results=${results:-build/gpu_results}
fi
mkdir -p "$results" && results=$(realpath "$results") || exit 2
report=$results/$part.txt
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
failed=0 left_out=0

say() { printf '%s\n' "$*" | tee -a "$report"; }
title() { say "" "== $*"; }
leave_out() { say "left out: $*"; left_out=$((left_out + 1)); }
left() { echo $((limit - SECONDS)); }
# Our programs alone get our libraries: python3 and NVIDIA's tools have their own.
ours() { env LD_LIBRARY_PATH="$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" "$@"; }
# check SECONDS NAME COMMAND...: one line in the report, of the output the end and only where it failed
check() {
  local most=$1 name=$2 start=$SECONDS rc
  shift 2
  ((most <= $(left))) || most=$(left)
  ((most >= 5)) || { leave_out "$name: the $limit s of this part are over"; return; }
  ours timeout -k 5 "$most" "$@" >check.log 2>&1
  rc=$?
  if ((rc == 0)); then
    say "passed  $name ($((SECONDS - start)) s)"
  else
    say "FAILED  $name $( ((rc == 124 || rc == 137)) && echo "was stopped after $most s" || echo "exit status $rc")"
    tail -40 check.log | sed 's/^/    /' | tee -a "$report"
    failed=$((failed + 1))
  fi
}

# Where CUDA's own libraries are, if the loader does not know: in a toolkit or in the packages of Python's PyTorch.
find_cuda_libraries() {
  local name folder
  for name in libcublasLt.so.13 libnccl.so.2; do
    if [ -e "$libraries/$name" ] || ldconfig -p | grep -qF "$name"; then continue; fi
    for folder in ${LD_LIBRARY_PATH//:/ } /usr/local/cuda/lib64 /usr/local/cuda-13*/lib64 \
      $(timeout 60 python3 -c 'import sys, pathlib
print(*{p.parent for d in sys.path for p in pathlib.Path(d or ".").glob("nvidia/**/lib*.so*")})' 2>/dev/null); do
      if [ -e "$folder/$name" ]; then libraries=${libraries:+$libraries:}$folder; break; fi
    done
  done
  ! ours ldd "$bin/trainer" | grep 'not found' ||
    { echo "run.sh: libraries above are missing; install CUDA 13, or PyTorch with CUDA 13" >&2; exit 2; }
}

describe_machine() {
  local doctor
  doctor=$(ours timeout 60 "$bin/trainer" doctor) || { echo "$doctor" >&2; exit 2; }
  {
    date -u +%Y-%m-%d
    echo "$doctor"
    timeout 20 nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm --format=csv,noheader 2>/dev/null
  } | tee "$results/machine.txt"
  grep -q 'device 0:' "$results/machine.txt" || { echo "run.sh: no GPU: nothing is tested" >&2; exit 2; }
}

# Tokens spread evenly over 16384 numbers below 32768, as llm.c keeps them: $1 of them, in dataset $2. Their tokenizer
# has names for them and no more.
make_data() {
  awk 'BEGIN {
    printf "{\"pre_tokenizer\": {\"type\": \"ByteLevel\", \"add_prefix_space\": false}, \"decoder\": {\"type\": \"ByteLevel\"}, "
    printf "\"model\": {\"type\": \"BPE\", \"vocab\": {"
    for (i = 0; i < 32768; i++) printf "%s\"t%d\": %d", i ? ", " : "", i, i
    print "}, \"merges\": []}}" }' >tokenizer.json
  { # 20240520, version 1, count; the rest of 256 words is nothing
    printf '\210\330\064\001\001\000\000\000'
    printf "$(printf '\\%03o\\%03o\\%03o\\%03o' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255)))"
    head -c 1012 /dev/zero
    head -c $((2 * $1)) /dev/urandom | LC_ALL=C tr '\200-\377' '\000-\177'
  } >tokens.bin
  ours timeout 60 "$bin/trainer" data import-tokens tokens.bin "$2" --tokenizer tokenizer.json >/dev/null
}

part_tests() {
  local test precision tolerance
  title "operators, GPT-2 and Llama on the device"
  for test in "${test_programs[@]}"; do
    check 90 "$test" env CONVOY_TEST_DEVICE=cuda "$bin/$test"
  done
  title "a small GPT beside the CPU, 20 steps"
  make_data 400000 data/gpu || { say "FAILED  no data"; failed=$((failed + 1)); return; }
  for precision in f32 bf16; do
    tolerance=$([ $precision = f32 ] && echo 1e-4 || echo 2e-2)
    check 90 "cpu $precision" "${small[@]}" run.dir=cpu-$precision device=cpu precision=$precision
    check 60 "graph $precision" "${small[@]}" run.dir=graph-$precision precision=$precision
    check 60 "eager $precision" "${small[@]}" run.dir=eager-$precision precision=$precision train.cuda_graph=false
    check 10 "losses of graph $precision" bash -c "$(declare -f losses same_losses); same_losses \"\$@\"" . \
      cpu-$precision graph-$precision $tolerance
    check 10 "bits of eager and graph $precision" cmp {graph,eager}-$precision/checkpoints/step-00000020/model.safetensors
  done
}
losses() { sed -n 's/.*"loss":\([^,]*\),.*/\1/p' "$1/metrics.jsonl"; }
# same_losses CPU_RUN CUDA_RUN TOLERANCE
same_losses() {
  paste <(losses "$1") <(losses "$2") | awk -v t="$3" '{ d = ($1 - $2) / $1; if (d < 0) d = -d; if (d > m) m = d; n++ }
    END { printf "%d steps, largest relative difference %.2g\n", n, m; exit !(n > 0 && m <= t) }'
}

# Of the kernels with mma, cp.async and bf16 too, not of small f32 ones alone. Slow: small cases of each kind.
part_sanitizer() {
  local tool
  command -v compute-sanitizer >/dev/null || { leave_out "compute-sanitizer is not installed"; return; }
  for tool in memcheck racecheck synccheck initcheck; do
    check 60 "$tool: operators beside PyTorch's numbers" env CONVOY_TEST_DEVICE=cuda \
      compute-sanitizer --tool $tool --error-exitcode 1 "$bin/operators_reference_test"
  done
  for tool in memcheck racecheck; do
    check 90 "$tool: attention on tensor cores" env CONVOY_TEST_DEVICE=cuda compute-sanitizer --tool $tool \
      --error-exitcode 1 "$bin/operators_test" '--gtest_filter=AttentionTilesTest.GroupsOfQueryHeads*:AttentionTilesTest.Dropout'
    check 60 "$tool: norms and embeddings" env CONVOY_TEST_DEVICE=cuda compute-sanitizer --tool $tool \
      --error-exitcode 1 "$bin/operators_test" '--gtest_filter=*Norm*:EmbeddingTest.Backward*'
  done
}

median() { sort -g | awk '{ v[NR] = $1 } END { if (NR) print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
number() { sed -n "s/.*\"$1\":\([0-9.eE+-]*\).*/\1/p" | tail -n +11 | median; }
# One run of a config without checkpoint: a line of bench.jsonl.
measure() {
  local name=$1
  shift
  rm -rf bench
  check 90 "$name" "$bin/trainer" train "$data/$name.yaml" run.dir=bench data.path=data/gpu checkpoint.at_end=false "$@"
  [ -e bench/metrics.jsonl ] || return
  printf '{"name": "%s", "tokens_per_s": %s, "mfu": %s, "step_ms": %s}\n' "$name" \
    "$(number tokens_per_s <bench/metrics.jsonl)" "$(number mfu <bench/metrics.jsonl)" \
    "$(number step_ms <bench/metrics.jsonl)" | tee -a "$results/bench.jsonl"
}
# The twin in PyTorch, eager or (--compile) compiled.
measure_twin() {
  local name=$1 seconds=120 tokens
  shift
  ((seconds <= $(left))) || seconds=$(left)
  ((seconds >= 20)) || { leave_out "PyTorch beside $name $*: no time is left"; return; }
  tokens=$(timeout -k 5 $seconds "$python" "$data/pytorch_twin.py" "$data/$name.yaml" --device cuda --precision bf16 \
    --steps 30 --vocabulary 50304 "$@" 2>check.log | sed -n 's/.*tokens_per_s \([0-9.]*\)/\1/p' | tail -n +11 | median)
  [ -n "$tokens" ] || { say "FAILED  PyTorch beside $name $*"; tail -5 check.log | tee -a "$report"; failed=$((failed + 1)); return; }
  printf '{"name": "%s", "by": "PyTorch %s", "tokens_per_s": %s}\n' "$name" "${*:-eager}" "$tokens" | tee -a "$results/bench.jsonl"
}
# Each operator of a step, by CUDA events; products and attention beside PyTorch's.
profile() {
  local name=$1 profile=$results/profile-$1.json seconds=60
  shift
  rm -rf bench
  check 90 "profile of $name" "$bin/trainer" train "$data/$name.yaml" run.dir=bench data.path=data/gpu checkpoint.at_end=false \
    "$@" train.steps=8 log.profile_steps=4
  [ -e bench/profile.json ] || return
  cp bench/profile.json "$profile"
  tee -a "$report" <bench/profile.txt
  [ -n "$python" ] || return
  ((seconds <= $(left))) || seconds=$(left)
  ((seconds >= 10)) || { leave_out "PyTorch's operators beside those of $name: no time is left"; return; }
  timeout -k 5 $seconds "$python" "$data/operators_twin.py" "$profile" 2>check.log |
    sed "s/^{/{\"name\": \"$name\", /" | tee -a "$results/bench.jsonl"
  ((PIPESTATUS[0] == 0)) || { say "FAILED  PyTorch's operators beside those of $name"; tail -5 check.log | tee -a "$report"; failed=$((failed + 1)); }
}
part_bench() {
  local python model
  python=$(command -v python3 || true)
  timeout 60 "${python:-false}" -c 'import torch, yaml, sys; sys.exit(not torch.cuda.is_available())' 2>/dev/null || python=
  [ -n "$python" ] || leave_out "PyTorch beside it: there is no python3 with torch, CUDA and yaml"
  : >"$results/bench.jsonl"
  make_data 4000000 data/gpu || { say "FAILED  no data"; failed=$((failed + 1)); return; }
  title "training in bf16, medians of the steps from the 11th on"
  measure gpt2-124m "${extra[@]}"
  profile gpt2-124m "${extra[@]}"
  measure llama-60m "${extra_llama[@]}"
  profile llama-60m "${extra_llama[@]}"
  measure gpt2-350m "${extra[@]}"
  [ -z "$python" ] || for model in gpt2-124m gpt2-350m; do measure_twin $model; measure_twin $model --compile; done
}

small=("$bin/trainer" train "$data/gpt2-124m.yaml" data.path=data/gpu model.preset= model.layers=2 model.heads=2
  model.channels=128 model.context=128 batch.micro=4 batch.global=8 train.steps=20
  train.products=heuristic)  # timed ones differ from start to start, and their bits
# CONVOY_GPU_TINY=1: benchmarks of a model that the virtual GPU has time for, to try the script without a GPU.
extra=() extra_llama=()
if [ -n "${CONVOY_GPU_TINY:-}" ]; then
  extra_llama=(model.layers=1 model.heads=2 model.kv_heads=1 model.channels=64 model.hidden=64 model.context=32
    batch.micro=1 batch.global=1 train.steps=12 log.every_steps=1)
  extra=(model.preset= model.layers=1 model.heads=1 model.channels=64 model.context=32
    model.vocabulary=32768 batch.micro=1 batch.global=1 train.steps=12 log.every_steps=1)
fi

: >"$report"
find_cuda_libraries
describe_machine
"part_$part"
say "" "$failed failed, $left_out left out, $SECONDS s; $results"
exit $((failed > 0))
