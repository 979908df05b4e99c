#!/usr/bin/env bash
# Every key of the config with values that no one can mean, and some that someone might: the program trains or says in a
# line what it wants. It never crashes, never takes all memory, never goes on for long. Keys are those that `trainer
# config` prints, so that a new one is tried like the others.
. "$(dirname "$0")/common.sh"
for i in $(seq 60); do echo "line $i: the quick brown fox jumps over the lazy dog."; done >text.txt
"$TRAINER" data import-text text.txt data >/dev/null
cat >train.yaml <<'YAML'
model: {layers: 1, heads: 2, channels: 16, context: 8}
batch: {micro: 2, global: 4}
train: {steps: 1, stop_at: 1}
device: cpu
data: {path: data}
log: {tensorboard: false}
parallel: {threads: 1, bind: none}
YAML
patience=1
if [[ $(ldd "$TRAINER") =~ lib(asan|tsan) ]]; then
  patience=6  # and sanitizers reserve more address space than there is memory
else
  ulimit -v 6000000  # KiB
fi
ulimit -c 0

# tries TIME_LIMIT_S WORDS...: ends with 0 or, in words, with the code of a bad config, bad data or a bad checkpoint
tries() {
  local limit=$(($1 * patience)) code=0
  shift
  timeout "$limit" "$TRAINER" "$@" >said.log 2>&1 </dev/null || code=$?
  case $code in
    0) return ;;
    2 | 3 | 4) [ -s said.log ] && [ "$(wc -c <said.log)" -lt 5000 ] || { head -c 2000 said.log; fail "exit code $code and no message, or one too long to read: $(head -c 300 <<<"$*")"; } ;;
    124) fail "still running after $limit s: $(head -c 300 <<<"$*")" ;;
    *) head -c 2000 said.log; fail "exit code $code: $(head -c 300 <<<"$*")" ;;
  esac
  ! grep -qE 'internal error|terminate|Segmentation|\(core dumped\)' said.log || { head -c 2000 said.log; fail "$(head -c 300 <<<"$*")"; }
}

keys=$("$TRAINER" config | awk '{ sub(/#.*/, "") } /^[a-z_]+: *$/ { sub(/:.*/, ""); group = $0 "."; next }
  /^[a-z_]+:/ { group = "" } /^ *[a-z_]+:/ { sub(/:.*/, ""); gsub(/ /, ""); print group $0 }')
[ "$(wc -l <<<"$keys")" -ge 48 ] || fail "only these keys were found: $keys"

long=$(printf 'x%.0s' $(seq 100000))
for key in $keys; do
  for value in -1 9223372036854775807 1e308 5e-324 nan "" "$long" $'\xff\x01'; do
    tries 20 train train.yaml "run.dir=r" "$key=$value"
    rm -rf r
  done
  [ "$key" = run.dir ] || tries 60 train train.yaml run.dir=r "$key=0"
  rm -rf r
done

# In a file, where a value has a shape besides.
for key in $keys; do
  for value in -1 1e308 .nan '""' '[1]' '{a: 1}' '' "\"$long\"" $'\xff'; do
    [[ $key == *.* ]] && printf '%s: {%s: %s}\n' "${key%.*}" "${key##*.}" "$value" >one.yaml ||
      printf '%s: %s\n' "$key" "$value" >one.yaml
    tries 20 config one.yaml
  done
done

# As large as their ranges allow, and larger than any machine.
train() { tries 60 train train.yaml run.dir=r "$@" && rm -rf r; }
refused() { refuse 2 "$1" "$TRAINER" train train.yaml run.dir=new "${@:2}"; }
for words in train.steps=1000000000000 schedule.warmup_steps=1000000000000 data.prefetch=1000000 evaluate.batches=1000000000 \
  parallel.bucket_bytes=1000000000000 parallel.bucket_bytes=4 parallel.timeout_s=1000000000 guard.window_steps=1000000 \
  optimizer.lr=1e30 optimizer.lr=1e-30 optimizer.eps=1e30 optimizer.weight_decay=1e30 train.clip_norm=1e30 \
  train.clip_norm=5e-324 model.dropout=0.9999999999999999 optimizer.beta2=0.9999999999999999 guard.spike_sigma=1000000 \
  "model.heads=1 model.channels=1" model.context=1 model.context=16777216; do
  # shellcheck disable=SC2086  # words
  train $words
done
refused "GiB of memory are wanted" model.channels=1048576 model.heads=65536
refused "GiB of memory are wanted" batch.micro=10000000 batch.global=10000000
refused "GiB of memory are wanted" model.layers=100 model.channels=65536 model.heads=1024 train.recompute=block
refused "at most 256 are computed" model.channels=4096 model.heads=8
refused "parallel.threads = 1000000; at most 4096 is wanted" parallel.threads=1000000
refused "optimizer.lr = 5e-324; at least 1e-30 is wanted" optimizer.lr=5e-324
refused "model.layers = 1000000000; at most 1000 is wanted" model.layers=1000000000
[ ! -e new ] || fail "a refused start left a run folder"
