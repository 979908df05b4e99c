#!/usr/bin/env bash
# log.profile_steps times every operator of some steps: on one and two ranks, with the bits of a run that is not timed; its files agree
# with the model's shapes; a start that is too short says so.
# Usage: profile_test.sh TRAINER [VIRTUAL_GPU_FOLDER]   (with it, on the CUDA device)
virtual_gpu=${2:+$(realpath "$2")}
. "$(dirname "$0")/common.sh"
make_data
common=(train.steps=7 schedule.warmup_steps=1 evaluate.every_steps=0 evaluate.batches=1 parallel.virtual_ranks=2
  batch.micro=4 batch.global=8 model.channels=48 device=cpu)
if [ -n "$virtual_gpu" ]; then
  export LD_LIBRARY_PATH=$virtual_gpu VGPU_DEVICES=2
  common+=(device=cuda)
fi
train() { ranks "$1" "${common[@]}" "${@:2}" || { cat train.log; fail "training: $*"; }; }

train 1 run.dir=plain
[ ! -e plain/profile.txt ] || fail "a profile that nobody asked for"
train 1 run.dir=one log.profile_steps=2
expect_same "$(weights plain)" "$(weights one)"
grep -q "profile of 2 steps: one/profile.txt" train.log || { cat train.log; fail "not said where it is"; }
train 2 run.dir=two log.profile_steps=2 parallel.stage=1
expect_same "$(weights plain)" "$(weights two)"

# Of a rank's two micro-batches and two steps, with two layers: the products into the blocks' hidden layer, and all
# products' operations: 6 a token and weight that is multiplied with, all tokens of two steps.
python3 - one/profile.json two/profile.json <<'PYTHON'
import json, sys
one, two = (json.load(open(path)) for path in sys.argv[1:])
for profile, batches in ((one, 2), (two, 1)):
    operators = profile["operators"]
    assert profile["steps"] == 2 and profile["step_ms"] > 0, profile
    assert all(op["ms"] >= 0 and op["calls"] > 0 for op in operators), operators
    assert sum(op["ms"] for op in operators) > 0
    ms = [op["ms"] for op in operators]
    assert ms == sorted(ms, reverse=True)
    tokens, C = 4 * 32, 48
    names = {op["name"] for op in operators}
    for name in ("AttentionForward", "AttentionBackward", "NormForward", "EmbeddingForward", "CrossEntropy"):
        assert name in names, (name, names)
    forward = [op for op in operators if op["name"] == "AttentionForward"]
    assert sum(op["calls"] for op in forward) == 2 * 2 * batches, forward
    assert forward[0]["attention"] == {"scores": 4 * 2 * 32 * 33 / 2, "D": 24, "keys": 32, "dtype": "f32", "backward": False}
    into_hidden = [p for op in operators for p in op.get("products", []) * op["calls"] if (p["m"], p["n"], p["k"]) == (tokens, 4 * C, C)]
    assert len(into_hidden) == 2 * 2 * 2 * batches, into_hidden  # forward into it, backward out of it
    flops = sum(op.get("flops", 0) for op in operators if "products" in op)
    blocks = 6 * 2 * 12 * C * C * tokens * 2 * batches
    assert blocks < flops < 2 * blocks, (blocks, flops)
    updates = [op for op in operators if op["name"].startswith("OptimizerUpdate")]
    assert updates and all(op["bytes"] > 0 for op in updates), updates
    assert all(profile["ceilings"][name] > 0 for name in ("bf16_flops", "f32_flops", "bytes_per_s"))
PYTHON
grep -qE '^AttentionForward +32 keys, D 24, f32 ' one/profile.txt || { cat one/profile.txt; fail "no attention in the table"; }

train 1 run.dir=short log.profile_steps=20
grep -q "log.profile_steps = 20 wants 23 steps of a start, this one had 7" train.log || { cat train.log; fail "short without a word"; }
[ ! -e short/profile.txt ] || fail "a profile of steps that were not made"
