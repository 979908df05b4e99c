#!/usr/bin/env bash
# Files and folders that this user may not read or write: every command names the path and what to do, with the exit code
# of whose fault it is.
. "$(dirname "$0")/common.sh"
if [ "$(id -u)" -eq 0 ]; then  # root may do everything: go on as somebody else
  command -v setpriv >/dev/null || { echo "skipped: root without setpriv cannot become another user"; exit 77; }
  chmod 755 "$work"
  somebody=(setpriv --reuid 65534 --regid 65534 --clear-groups env HOME="$work/home")
  "${somebody[@]}" test -x "$TRAINER" || { echo "skipped: another user cannot reach $TRAINER"; exit 77; }
  mkdir home && chown 65534:65534 home .
else
  somebody=()
fi
may_not() {  # CODE PATH WORDS...: the path is named, with a remedy
  local code=$1 path=$2
  shift 2
  refuse "$code" "$path" "${somebody[@]}" "$TRAINER" "$@"
  grep -q "Permission denied" refuse.log || { cat refuse.log; fail "the cause is not said: $*"; }
  grep -q "this user may not" refuse.log || { cat refuse.log; fail "no remedy: $*"; }
  ! grep -q "internal error" refuse.log || { cat refuse.log; fail "internal error: $*"; }
}

make_data
"${somebody[@]}" "$TRAINER" train train.yaml run.dir=run train.steps=10 evaluate.batches=1 checkpoint.every_steps=5 >train.log
step=run/checkpoints/step-00000010
closed() { chmod 000 "$1"; }
opened() { chmod 755 "$1"; }

# config
mkdir shut && cp train.yaml shut/ && cp train.yaml closed.yaml
closed shut; closed closed.yaml
may_not 2 shut/train.yaml train shut/train.yaml
may_not 2 shut/train.yaml config shut/train.yaml
may_not 2 closed.yaml train closed.yaml
may_not 2 shut/train.yaml submit shut/train.yaml --dry-run
refuse 2 "no command shut/train" "${somebody[@]}" "$TRAINER" shut/train
opened shut

# data
for folder in data/manifest.json data/train-00000.h5 data; do
  closed $folder
  may_not 3 data train train.yaml run.dir=new
  # A shard of training's is opened when a sample of it is read, which an evaluation does not.
  [ "$folder" = data/train-00000.h5 ] || may_not 3 data eval run
  [ "$folder" = data/train-00000.h5 ] || may_not 3 data data inspect data
  opened $folder
done
closed data
may_not 3 data data verify data
may_not 3 data data import-text text.txt data/below
may_not 3 data data import-text data out
may_not 3 data data import-text data/text.txt out
may_not 3 data data import-text text.txt out --tokenizer data/tokenizer.json
opened data
mkdir texts texts/shut && cp text.txt texts/ && closed texts/shut
may_not 3 texts/shut data import-text texts out
closed text.txt
may_not 3 text.txt data import-text text.txt out
opened text.txt; opened texts/shut
closed data/tokenizer.json
may_not 3 data/tokenizer.json data import-text text.txt out --tokenizer data/tokenizer.json
may_not 3 data/tokenizer.json data import-text text.txt out --tokenizer data
opened data/tokenizer.json
mkdir full && chmod 555 full && { [ ${#somebody[@]} -eq 0 ] || chown 0:0 full; }
may_not 3 full/out data import-text text.txt full/out

# run
may_not 2 full/run train train.yaml run.dir=full/run
may_not 2 full/run submit train.yaml run.dir=full/run
may_not 2 full/loss.svg report run --chart full/loss.svg
closed run
may_not 2 run train train.yaml run.dir=run
may_not 2 run train train.yaml run.dir=run --resume
may_not 2 run submit train.yaml run.dir=run --dry-run
may_not 2 run report run
may_not 2 run replay run --step 7
may_not 4 run eval run
may_not 4 run generate run
opened run
closed run/metrics.jsonl
may_not 2 run/metrics.jsonl report run
may_not 2 run/metrics.jsonl replay run --step 7
opened run/metrics.jsonl
closed run/config.yaml
may_not 2 run/config.yaml replay run --step 7
may_not 2 run/config.yaml train train.yaml run.dir=run --resume
opened run/config.yaml

# checkpoints
resume() { may_not 4 "$1" train train.yaml run.dir=run train.steps=20 --resume; }
closed run/checkpoints
may_not 4 run/checkpoints eval run
may_not 4 run/checkpoints generate run
resume run/checkpoints
opened run/checkpoints
for file in "$step" $step/manifest.json $step/model.safetensors; do
  closed "$file"
  may_not 4 "$file" eval $step
  may_not 4 "$file" generate $step
  opened "$file"
done
for folder in run/checkpoints/step-*; do closed "$folder"; done
resume run/checkpoints/step
for folder in run/checkpoints/step-*; do opened "$folder"; done
