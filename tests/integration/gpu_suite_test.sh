#!/usr/bin/env bash
# tests/gpu/run.sh, as a bundle has it, on the virtual GPU with models so small that it has time for them: the benchmarks
# end, and leave a measurement of each model and each operator's time.
# Usage: gpu_suite_test.sh TRAINER VIRTUAL_GPU_FOLDER
virtual_gpu=$(realpath "$2")
. "$(dirname "$0")/common.sh"
mkdir -p bundle/bin bundle/lib bundle/reference
ln -s "$TRAINER" bundle/bin/trainer
cp "$source_dir"/tests/gpu/*.{sh,yaml,py} "$source_dir/tests/benchmark/pytorch_twin.py" bundle
export LD_LIBRARY_PATH=$virtual_gpu CONVOY_GPU_TINY=1
bundle/run.sh --part bench results >bench.log 2>&1 || { cat bench.log; fail "exit code $?"; }
for model in gpt2-124m llama-60m gpt2-350m; do
  grep -qE "^\{\"name\": \"$model\", \"tokens_per_s\": [0-9.]+, " results/bench.jsonl || { cat bench.log; fail "no measurement of $model"; }
done
for model in gpt2-124m llama-60m; do
  grep -q '"name": "AttentionBackward"' results/profile-$model.json || { cat bench.log; fail "no profile of $model"; }
done
grep -q "device 0:" results/machine.txt || fail "no machine"
[ "$(find results -type f | wc -l)" -le 8 ] || fail "too many files: $(ls results)"
code=0
LD_LIBRARY_PATH='' bundle/run.sh --part bench none >none.log 2>&1 || code=$?
[ "$code" -eq 2 ] || { cat none.log; fail "exit code $code without a GPU, wanted 2"; }
