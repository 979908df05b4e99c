#!/usr/bin/env bash
# What bits follow from on a GPU besides the numbers, on the virtual GPU: products are chosen by time once, by the first
# rank, and are the run's own at every later start, whatever the heuristic says then; ranks on GPUs of two kinds are
# refused where bits matter; a run that goes on elsewhere says so.
# Usage: cuda_choices_test.sh TRAINER VIRTUAL_GPU_FOLDER
virtual_gpu=$(realpath "$2")
. "$(dirname "$0")/common.sh"
make_data
common=(train.steps=6 schedule.warmup_steps=1 evaluate.every_steps=0 evaluate.batches=1 checkpoint.every_steps=2
  parallel.virtual_ranks=2 batch.micro=2 batch.global=4 model.layers=1)
export LD_LIBRARY_PATH="$virtual_gpu" VGPU_DEVICES=2 VGPU_TIME=counted
# on_cuda RANKS ALGORITHMS KEY=VALUE...
on_cuda() {
  local n=$1 algorithms=$2
  shift 2
  VGPU_ALGORITHMS=$algorithms ranks "$n" "${common[@]}" device=cuda "$@"
}
train() { on_cuda "$@" || { cat train.log; fail "training: $*"; }; }
choices() { echo "$(dirname "$(weights "$1")")/operators.json"; }

train 1 1 run.dir=heuristic
train 1 4 run.dir=first-answer
expect_same "$(weights heuristic)" "$(weights first-answer)"
[ ! -e "$(choices heuristic)" ] || fail "a run that chose nothing has choices"

# Chosen by time: other algorithms than the heuristic's first, kept, the same on two ranks.
train 1 4 run.dir=timed train.products=timed
[ -s "$(choices timed)" ] || fail "no choices in the checkpoint"
! cmp -s "$(weights heuristic)" "$(weights timed)" || fail "the choice changed no bit: nothing is tested"
train 2 4 run.dir=two train.products=timed parallel.stage=1
expect_same "$(weights timed)" "$(weights two)"
expect_same "$(choices timed)" "$(choices two)"

# Stopped and resumed where the heuristic knows one algorithm: the run's own are taken. Replayed likewise.
train 1 4 run.dir=halves train.products=timed train.stop_at=2
train 2 1 run.dir=halves train.products=timed --resume
expect_same "$(weights timed)" "$(weights halves)"
for step in 1 5; do
  VGPU_ALGORITHMS=1 "$TRAINER" replay timed --step $step >replay.log 2>&1 || { cat replay.log; fail "replaying step $step"; }
  grep -q "these are the recorded bits" replay.log || { cat replay.log; fail "step $step has other bits"; }
done

# So is what `eval` computes: as training did.
evaluate() { VGPU_ALGORITHMS=$1 "$TRAINER" eval "$2" --batches 1 --json 2>eval.log || { cat eval.log; fail "evaluating $2"; }; }
trained_to=$(sed -n 's/.*"eval_loss":\([^,}]*\).*/\1/p' timed/metrics.jsonl | tail -1)
evaluated=$(evaluate 1 timed)
[ -n "$trained_to" ] && [[ $evaluated == *"$trained_to"* ]] || fail "training has a loss of $trained_to, eval $evaluated"
rm "$(choices timed)"
[ "$(evaluate 1 timed)" != "$evaluated" ] || fail "eval has the same bits whatever is chosen: nothing is tested"

# GPUs of two kinds.
mixed() {
  VGPU_ALGORITHMS=1 mpirun --oversubscribe -np 1 -x VGPU_SM=80 "$TRAINER" train train.yaml "${common[@]}" device=cuda "$@" : \
    -np 1 -x VGPU_SM=90 "$TRAINER" train train.yaml "${common[@]}" device=cuda "$@"
}
refuse 2 "neither parallel.reproducible nor parallel.sentinel_every can hold" mixed run.dir=mixed
refuse 2 "neither parallel.reproducible nor" mixed run.dir=mixed parallel.reproducible=false parallel.sentinel_every=2
mixed run.dir=loose parallel.reproducible=false train.products=heuristic >train.log 2>&1 || { cat train.log; fail "mixed GPUs that may differ"; }
grep -q "of the same numbers they make other bits" train.log || { cat train.log; fail "mixed GPUs without a word"; }

# On another kind of GPU.
VGPU_SM=90 train 1 1 run.dir=moved train.stop_at=2
grep -q '"device": ".*multiprocessors.*cuBLASLt' "$(dirname "$(weights moved)")/manifest.json" || fail "the manifest does not say where"
VGPU_SM=80 train 1 1 run.dir=moved --resume
grep -q "not with the bits that it would have had there" train.log || { cat train.log; fail "moved without a word"; }
VGPU_SM=90 "$TRAINER" replay moved --step 1 >replay.log 2>&1 || true
grep -q "not with the bits that it would have had there" replay.log || { cat replay.log; fail "replayed elsewhere without a word"; }
VGPU_SM=90 train 1 1 run.dir=stays train.stop_at=2
VGPU_SM=90 train 1 1 run.dir=stays --resume
! grep -q "not with the bits" train.log || { cat train.log; fail "a warning on the same device"; }
