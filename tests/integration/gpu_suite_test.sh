#!/usr/bin/env bash
# tests/gpu/run.sh, as a bundle has it, on the virtual GPU with models so small that it has time for them: tests and
# benchmarks end, and leave a measurement of each model and each operator's time; what stops a part is told.
# Usage: gpu_suite_test.sh TRAINER VIRTUAL_GPU_FOLDER
virtual_gpu=$(realpath "$2")
. "$(dirname "$0")/common.sh"
mkdir -p bundle/bin bundle/lib bundle/reference
cp "$source_dir"/tests/gpu/*.{sh,yaml,py} "$source_dir/tests/benchmark/pytorch_twin.py" bundle
cp "$source_dir"/tests/reference/*.h5 bundle/reference
for program in trainer $(bundle/run.sh --test-programs); do ln -s "$(dirname "$TRAINER")/$program" bundle/bin; done
export LD_LIBRARY_PATH=$virtual_gpu CONVOY_GPU_TINY=1
bundle/run.sh --part bench results >bench.log 2>&1 || { cat bench.log; fail "exit code $?"; }
for model in gpt2-124m llama-60m gpt2-350m; do
  grep -qE "^\{\"name\": \"$model\", \"tokens_per_s\": [0-9.]+, " results/bench.jsonl || { cat bench.log; fail "no measurement of $model"; }
done
for model in gpt2-124m llama-60m; do
  grep -q '"name": "AttentionBackward"' results/profile-$model.json || { cat bench.log; fail "no profile of $model"; }
done
grep -q "device 0:" results/machine.txt || fail "no machine"

# Of each test program those cases that take no time; CTest runs the others.
export GTEST_FILTER='Activations.*:CudaDeviceTest.*:OneRank.*:OperatorsReferenceTest.*:DTypes/SmallLayersReference.*'
bundle/run.sh --part tests results >tests.log 2>&1 || { cat tests.log; fail "exit code $?"; }
grep -q "^0 failed, 0 left out" results/tests.txt || { cat tests.log; fail "a check was left out"; }
[ "$(find results -type f | wc -l)" -le 8 ] || fail "too many files: $(ls results)"
unset GTEST_FILTER

# One that fails is told, and the rest is done.
rm bundle/bin/matmul_test
ln -s "$(type -P false)" bundle/bin/matmul_test
code=0
bundle/run.sh --part tests --limit 20 short >short.log 2>&1 || code=$?
[ "$code" -eq 1 ] || { cat short.log; fail "exit code $code where a test fails, wanted 1"; }
grep -q "^FAILED  matmul_test exit status 1" short/tests.txt || { cat short.log; fail "no failed test"; }
grep -q "^left out: operators_test: was stopped when" short/tests.txt || { cat short.log; fail "no test was left out"; }

# Interrupted, it ends at once, with what it started.
bundle/run.sh --part tests interrupted >interrupted.log 2>&1 &
suite=$!
for _ in $(seq 100); do [ -e interrupted/tests.txt ] && grep -q "FAILED  matmul_test" interrupted/tests.txt && break; sleep 0.1; done
kill -TERM $suite
code=0
wait $suite || code=$?
[ "$code" -eq 143 ] || { cat interrupted.log; fail "exit code $code when terminated, wanted 143"; }
grep -q "^interrupted after" interrupted/tests.txt || { cat interrupted.log; fail "it did not say that it was interrupted"; }

code=0
LD_LIBRARY_PATH='' bundle/run.sh --part bench none >none.log 2>&1 || code=$?
[ "$code" -eq 2 ] || { cat none.log; fail "exit code $code without a GPU, wanted 2"; }
refuse 2 "run.sh --part tests|sanitizer|bench" bundle/run.sh --part all
refuse 2 "cannot write results into none.log" bundle/run.sh --part bench none.log
