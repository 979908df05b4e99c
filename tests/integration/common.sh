# Shared by the integration tests, which run the built `trainer` as a person does; to be sourced.
#   TRAINER  path of the program (first argument of the test)
# Works in a temporary folder that is removed at the end. A failed expectation prints what was found and ends the test.
set -euo pipefail
TRAINER=$(realpath "$1")
source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=launcher/mpi_environment.sh
. "$source_dir/launcher/mpi_environment.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() { echo "FAILED: $*" >&2; exit 1; }

# A text with structure, the same every time: 1500 small sentences.
make_text() {
  awk 'BEGIN {
    split("the king,a fool,my lady,our ghost,that crow,old Tom", who, ","); split("sings,weeps,waits,runs,lies", does, ",")
    split("at night,in Rome,by the sea,for gold,alone", where, ","); s = 7
    for (i = 1; i <= 1500; i++) { s = (s * 1103 + 12345) % 65536
      printf "%s %s %s.\n", who[1 + s % 6], does[1 + int(s / 6) % 5], where[1 + int(s / 30) % 5] } }'
}

# Steps in a run's metrics.
steps_of() { if [ -f "$1/metrics.jsonl" ]; then grep -c '"loss"' "$1/metrics.jsonl" || true; else echo 0; fi; }
# await_step RUN STEP JOB: until the job in the background, `train train.yaml run.dir=RUN ...`, runs and the run is past
# the step; its ranks are then in `pids`. False if it ended before.
await_step() {
  local run=$1 step=$2 job=$3
  while kill -0 "$job" 2>/dev/null; do
    if (($(steps_of "$run") > step)); then
      mapfile -t pids < <(pgrep -f "^$TRAINER train train.yaml run.dir=$run " || true)
      [ ${#pids[@]} -eq 0 ] || return 0
    fi
    sleep 0.02
  done
  return 1
}

make_data() {
  make_text >text.txt
  "$TRAINER" data import-text text.txt data --tokenizer characters >import.log
  cat >train.yaml <<'YAML'
model: {layers: 2, heads: 2, channels: 32, context: 32, dropout: 0.1}
data: {path: data}
batch: {micro: 2, global: 16}
train: {steps: 40}
schedule: {warmup_steps: 5}
parallel: {virtual_ranks: 4}
evaluate: {every_steps: 20, batches: 4}
checkpoint: {every_steps: 10, keep_last: 3}
YAML
}

# ranks N KEY=VALUE...: trains on N ranks, output in train.log
ranks() {
  local n=$1
  shift
  mpirun --oversubscribe -np "$n" "$TRAINER" train train.yaml "$@" >train.log 2>&1
}

weights() { echo "$1/checkpoints/$(cat "$1/checkpoints/latest")/model.safetensors"; }

expect_same() { cmp "$1" "$2" || fail "$1 and $2 differ"; }

# follow RUN OTHER TOLERANCE COUNT: so many losses and validation losses, step by step, relative
follow() {
  local losses='s/.*"\(eval_\)\{0,1\}loss":\([^,}]*\).*/\2/p'
  paste <(sed -n "$losses" "$1/metrics.jsonl") <(sed -n "$losses" "$2/metrics.jsonl") >losses.txt
  [ "$(wc -l <losses.txt)" -eq "$4" ] || fail "$2: $(wc -l <losses.txt) losses, wanted $4"
  awk -v t="$3" '{ d = ($1 - $2) / $1; if (d < 0) d = -d; if (d > m) m = d; if ($2 == "" || d > t) bad = 1 }
    END { printf "largest relative difference %.2g\n", m; exit bad }' losses.txt || { cat losses.txt; fail "$2 leaves $1"; }
}

# is_rank PID RANK
is_rank() { grep -qzx "OMPI_COMM_WORLD_RANK=$2" "/proc/$1/environ"; }

# A command is never piped into grep -q, which ends at its first match: what still writes then dies of SIGPIPE.

# tells TEXT COMMAND...: the command succeeds and prints the text
tells() {
  local text=$1 said
  shift
  said=$("$@") || fail "exit code $?: $*"
  grep -qF -- "$text" <<<"$said" || fail "no \"$text\" in what was said: $*"
}

# refuse CODE TEXT COMMAND...: the command ends with that exit code, says the text, and nothing like a stack trace
refuse() {
  local code=$1 text=$2 found=0
  shift 2
  "$@" >refuse.log 2>&1 || found=$?
  [ "$found" -eq "$code" ] || { cat refuse.log; fail "exit code $found, wanted $code: $*"; }
  grep -qF -- "$text" refuse.log || { cat refuse.log; fail "no \"$text\" in what was said: $*"; }
  ! grep -qE 'terminate called|Aborted|Segmentation' refuse.log || { cat refuse.log; fail "died instead of explaining: $*"; }
}
