#!/usr/bin/env bash
# What this machine's GPU is asked: run.sh --part tests|sanitizer|bench [--limit SECONDS] [RESULTS]
# Each part ends within --limit (480) seconds: checks that no time is left for are left out, and said to be. A larger
# limit gives each check as much more.
# Works from the source tree and from a bundle (bundle.sh). RESULTS (or $OUT/gpu; build/gpu_results) gets, as it comes:
#   machine.txt          the GPU, its driver, its libraries
#   PART.txt             a line a check; of a failed one the end of its output
#   bench.jsonl          of part bench: an object a measurement
#   profile-MODEL.json   of part bench: each operator of a step, timed
# so at most eight files. Exit status: 0 if every check that could run passed, 1 if one failed, 2 if there is no GPU to
# test, a library is missing, the programs cannot be built or the call is wrong, 130 or 143 if it was interrupted.
# shellcheck disable=SC2317  # traps and another bash call functions
set -uo pipefail

# Beside trainer, what a bundle holds.
test_programs=(matmul_test operators_test operators_reference_test picture_operators_test gpt2_reference_test
  llama_reference_test cuda_device_test comm_nccl_one_rank_test layers_test layers_reference_test picture_layers_test
  batch_norm_reference_test optimizer_test packing_test lora_reference_test dpo_reference_test
  prefix_attention_reference_test generate_test)

usage() { sed -n '2,/^# shellcheck/{/^# shellcheck/!p}' "${BASH_SOURCE[0]}" >&2; exit 2; }
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
[[ $part =~ ^(tests|sanitizer|bench)$ && $limit =~ ^[1-9][0-9]*$ ]] || usage

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
libraries=''
if [ -d "$here/bin" ]; then
  bin=$here/bin data=$here results=${results:-gpu_results} libraries=$here/lib
  export CONVOY_REFERENCE_FOLDER=$here/reference
else
  source=$(realpath "$here/../..")
  CONVOY_PRESET=cuda "$source/launcher/build.sh" trainer "${test_programs[@]}" || exit 2
  SECONDS=0  # the limit is for what is run
  bin=$source/build/cuda/bin data=$here results=${results:-$source/build/gpu_results}
fi
report=$results/$part.txt
{ mkdir -p "$results" && : >"$report"; } || { echo "run.sh: cannot write results into $results" >&2; exit 2; }
results=$(realpath "$results") report=$(realpath "$report")
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
failed=0 left_out=0 running=''

say() { printf '%s\n' "$@" | tee -a "$report"; }
title() { say "" "== $*"; }
leave_out() { say "left out: $*"; left_out=$((left_out + 1)); }
failure() { say "FAILED  $*"; failed=$((failed + 1)); }
give_up() { say "run.sh: $*" >&2; exit 2; }
# What a program that was killed may take longer is kept back.
left() { echo $((limit - 5 - SECONDS)); }
# The seconds that what takes SECONDS at most has: more within a larger limit, no more than are left.
seconds_for() {
  local most=$1
  ((limit <= 480)) || most=$((most * limit / 480))
  ((most <= $(left))) || most=$(left)
  echo $((most > 0 ? most : 1))
}
# limited SECONDS COMMAND...: ends with what interrupts this script, too.
limited() {
  local rc
  timeout -k 5 "$@" &
  running=$!
  wait "$running"
  rc=$?
  running=''
  return $rc
}
interrupted() {
  trap '' INT TERM HUP
  [ -z "$running" ] || { kill "$running"; wait "$running"; } 2>/dev/null
  say "" "interrupted after $SECONDS s: $failed failed so far; $results"
  exit "$1"
}
trap 'interrupted 130' INT
trap 'interrupted 143' TERM HUP
# Our programs alone get our libraries: python3 and NVIDIA's tools have their own.
ours() {
  local path=${libraries:+$libraries:}${LD_LIBRARY_PATH:-}
  limited "$1" env LD_LIBRARY_PATH="${path%:}" "${@:2}"
}
# check SECONDS NAME COMMAND...: one line in the report, of the output (check.log) the end and only where it failed
check() { check_by ours "$@"; }
check_by() {
  local most runner=$1 asked=$2 name=$3 start=$SECONDS rc
  most=$(seconds_for "$asked")
  shift 3
  : >check.log
  ((most >= 5)) || { leave_out "$name: the $limit s of this part are over"; return 1; }
  "$runner" "$most" "$@" >check.log 2>&1
  rc=$?
  if ((rc == 0)); then
    say "passed  $name ($((SECONDS - start)) s)"
  elif ((rc == 124 || rc == 137)) && ((most < asked)); then
    leave_out "$name: was stopped when the $limit s of this part were over"
  else
    failure "$name $( ((rc == 124 || rc == 137)) && echo "was stopped after $most s" || echo "exit status $rc")"
    tail -40 check.log | sed 's/^/    /' | tee -a "$report"
  fi
  return $rc
}

# Where CUDA's own libraries are, if the loader does not know: in a toolkit or in the packages of Python's PyTorch.
find_cuda_libraries() {
  local cuda name folders missing
  [ -n "$libraries" ] || return 0  # programs that were built here know
  cuda=$(ours 60 ldd "$bin/trainer" | sed -n 's/^[[:space:]]*libcudart\.so\.\([0-9]*\) .*/\1/p')
  IFS=: read -ra folders <<<"${LD_LIBRARY_PATH:-}"
  folders+=(/usr/local/cuda/lib64 /usr/local/cuda-"$cuda"*/lib64)
  find_library "libcublasLt.so.$cuda" || missing=" libcublasLt.so.$cuda"  # loaded late: no loader misses it at start
  find_library libnccl.so.2
  missing=${missing:-}$(ours 60 ldd "$bin/trainer" | awk '/not found/ {printf " %s", $1}')
  [ -z "$missing" ] || give_up "not found:$missing; install CUDA $cuda and NCCL, or PyTorch with CUDA $cuda for python3," \
    "or name their folders in LD_LIBRARY_PATH"
}
find_library() {
  local folder python_folders
  if PATH=$PATH:/sbin ldconfig -p 2>/dev/null | grep -F "$1" >/dev/null; then return 0; fi
  mapfile -t python_folders < <(timeout "$(seconds_for 60)" python3 -c 'import sys, pathlib
for path in {p.parent for d in sys.path for p in pathlib.Path(d or ".").glob(f"nvidia/**/{sys.argv[1]}")}: print(path)' "$1" 2>/dev/null)
  for folder in "${folders[@]}" "${python_folders[@]}"; do
    if [ -e "$folder/$1" ]; then libraries=$libraries:$folder; return 0; fi
  done
  return 1
}

describe_machine() {
  {
    date -u +%Y-%m-%d
    ours "$(seconds_for 60)" "$bin/trainer" doctor
    limited 20 nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm --format=csv,noheader 2>/dev/null
  } >"$results/machine.txt" 2>check.log
  cat "$results/machine.txt"
  grep -q 'device 0:' "$results/machine.txt" || { cat check.log >&2; give_up "no GPU that can be used: nothing is tested"; }
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
    printf '\210\330\064\001\001\000\000\000%b' \
      "$(printf '\\%04o\\%04o\\%04o\\%04o' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255)))"
    head -c 1012 /dev/zero
    head -c $((2 * $1)) /dev/urandom | LC_ALL=C tr '\200-\377' '\000-\177'
  } >tokens.bin
  ours "$(seconds_for 60)" "$bin/trainer" data import-tokens tokens.bin "$2" --tokenizer tokenizer.json >/dev/null
}

part_tests() {
  local test precision tolerance
  title "operators, layers, optimizers and models on the device"
  for test in "${test_programs[@]}"; do
    check 90 "$test" env CONVOY_TEST_DEVICE=cuda "$bin/$test"
  done
  title "a small GPT beside the CPU, 20 steps"
  make_data 400000 data/gpu || { failure "no data"; return; }
  for precision in f32 bf16; do
    tolerance=$([ $precision = f32 ] && echo 1e-4 || echo 2e-2)
    check 90 "cpu $precision" "${small[@]}" run.dir=cpu-$precision device=cpu precision=$precision
    check 60 "graph $precision" "${small[@]}" run.dir=graph-$precision precision=$precision
    check 60 "eager $precision" "${small[@]}" run.dir=eager-$precision precision=$precision train.cuda_graph=false
    check 10 "losses of graph $precision" bash -c "$(declare -f losses same_losses); same_losses \"\$@\"" . \
      cpu-$precision graph-$precision "$tolerance"
    check 10 "bits of eager and graph $precision" cmp {graph,eager}-$precision/checkpoints/step-*/model.safetensors
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
  local tool sanitizer
  sanitizer=$(PATH=$PATH:/usr/local/cuda/bin command -v compute-sanitizer) ||
    { leave_out "compute-sanitizer is not installed"; return; }
  for tool in memcheck racecheck synccheck initcheck; do
    sanitize 60 $tool "operators beside PyTorch's numbers" operators_reference_test
  done
  for tool in memcheck racecheck; do
    sanitize 90 $tool "attention on tensor cores" operators_test \
      '--gtest_filter=AttentionTilesTest.GroupsOfQueryHeads*:AttentionTilesTest.Dropout'
    sanitize 60 $tool "norms and embeddings" operators_test '--gtest_filter=*Norm*:EmbeddingTest.Backward*'
  done
}
# sanitize SECONDS TOOL NAME PROGRAM ARGUMENTS...
sanitize() {
  check "$1" "$2: $3" env CONVOY_TEST_DEVICE=cuda "$sanitizer" --tool "$2" --error-exitcode 1 "$bin/$4" "${@:5}"
}

median() { sort -g | awk '{ v[NR] = $1 } END { if (NR) print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
# Of the steps from the 11th on; null if there are none.
number() {
  local value
  value=$(sed -n "s/.*\"$1\":\([0-9.eE+-]*\).*/\1/p" bench/metrics.jsonl | tail -n +11 | median)
  echo "${value:-null}"
}
# One run of a config without checkpoint: a line of bench.jsonl.
measure() {
  local name=$1
  shift
  rm -rf bench
  check 90 "$name" "$bin/trainer" train "$data/$name.yaml" run.dir=bench data.path=data/gpu checkpoint.at_end=false "$@"
  [ -e bench/metrics.jsonl ] || return
  printf '{"name": "%s", "tokens_per_s": %s, "mfu": %s, "step_ms": %s}\n' "$name" "$(number tokens_per_s)" \
    "$(number mfu)" "$(number step_ms)" | tee -a "$results/bench.jsonl"
}
# The twin in PyTorch, eager or (--compile) compiled.
measure_twin() {
  local name=$1 tokens
  shift
  check_by limited 120 "PyTorch ${*:-eager} beside $name" python3 "$data/pytorch_twin.py" "$data/$name.yaml" --device cuda \
    --precision bf16 --steps 30 --vocabulary 50304 "$@" || return
  tokens=$(sed -n 's/.*tokens_per_s \([0-9.]*\)/\1/p' check.log | tail -n +11 | median)
  printf '{"name": "%s", "by": "PyTorch %s", "tokens_per_s": %s}\n' "$name" "${*:-eager}" "${tokens:-null}" |
    tee -a "$results/bench.jsonl"
}
# Each operator of a step, by CUDA events; products and attention beside PyTorch's.
profile() {
  local name=$1 profile=$results/profile-$1.json
  shift
  rm -rf bench
  check 90 "profile of $name" "$bin/trainer" train "$data/$name.yaml" run.dir=bench data.path=data/gpu checkpoint.at_end=false \
    "$@" train.steps=8 log.profile_steps=4
  [ -e bench/profile.json ] || return
  cp bench/profile.json "$profile"
  tee -a "$report" <bench/profile.txt
  ((with_pytorch)) || return 0
  check_by limited 60 "PyTorch's operators beside those of $name" python3 "$data/operators_twin.py" "$profile"
  sed -n "s/^{/{\"name\": \"$name\", /p" check.log | tee -a "$results/bench.jsonl"
}
python_has() {
  limited "$(seconds_for 60)" python3 -c "$1" >check.log 2>&1 && return
  why=$(tail -1 check.log)
  why=${why:-python3 did not answer in time}
  return 1
}
# llm.c's GPT-2 124M on a GPU of eight, from 276 and 142 ms a step of 524,288 tokens: docs/time_model.md has the sources.
published() {
  printf '{"name": "gpt2-124m", "by": "llm.c on 8 %s, published", "tokens_per_s": %s}\n' "$1" "$2" | tee -a "$results/bench.jsonl"
}
part_bench() {
  local with_pytorch=1 why model
  python_has 'import torch; torch.zeros(1, device="cuda")' || { leave_out "PyTorch beside it: $why"; with_pytorch=0; }
  : >"$results/bench.jsonl"
  make_data 4000000 data/gpu || { failure "no data"; return; }
  title "training in bf16, medians of the steps from the 11th on"
  measure gpt2-124m "${extra[@]}"
  profile gpt2-124m "${extra[@]}"
  measure llama-60m "${extra_llama[@]}"
  profile llama-60m "${extra_llama[@]}"
  measure gpt2-350m "${extra[@]}"
  published 'A100 80 GB SXM' 237000
  published H100 461000
  ((with_pytorch)) || return 0
  python_has 'import numpy, yaml' || { leave_out "models in PyTorch: $why"; return; }
  for model in gpt2-124m gpt2-350m; do measure_twin $model; measure_twin $model --compile; done
}

small=("$bin/trainer" train "$data/gpt2-124m.yaml" data.path=data/gpu model.preset= model.layers=2 model.heads=2
  model.channels=128 model.context=128 batch.micro=4 batch.global=8 train.steps=20
  train.products=heuristic)  # timed ones differ from start to start, and their bits
# CONVOY_GPU_TINY=1: models that the virtual GPU has time for, to try the script without a GPU.
extra=() extra_llama=()
if [ -n "${CONVOY_GPU_TINY:-}" ]; then
  small+=(model.layers=1 model.channels=64 model.context=16 batch.micro=2 batch.global=4 train.steps=3)
  extra_llama=(model.layers=1 model.heads=2 model.kv_heads=1 model.channels=64 model.hidden=64 model.context=32
    batch.micro=1 batch.global=1 train.steps=12)
  extra=(model.preset= model.layers=1 model.heads=1 model.channels=64 model.context=32
    model.vocabulary=32768 batch.micro=1 batch.global=1 train.steps=12)
fi

find_cuda_libraries
describe_machine
case $part in
  tests) part_tests ;;
  sanitizer) part_sanitizer ;;
  bench) part_bench ;;
esac
say "" "$failed failed, $left_out left out, $SECONDS s; $results"
exit $((failed > 0))
