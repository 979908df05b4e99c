#!/usr/bin/env bash
# Names are bytes: whatever a folder is called, every command works in it, and what is written is UTF-8 and reads back.
. "$(dirname "$0")/common.sh"
make_data

valid() { iconv -f utf-8 -t utf-8 "$1" >/dev/null || fail "$1 is no UTF-8"; }
short=(train.steps=4 evaluate.every_steps=2 checkpoint.every_steps=2)

name_works() {
  local name=$1 home=$PWD
  mkdir -p "texts/$name" && cp text.txt "texts/$name/$name.txt"
  "$TRAINER" data import-text "texts/$name" "data $name" >import.log || fail "import into data $name"
  tells "nothing to do" "$TRAINER" data import-text -- "texts/$name" "data $name"
  (cd "texts/$name" && tells "nothing to do" "$TRAINER" data import-text . "$home/data $name")
  valid "data $name/manifest.json"
  "$TRAINER" data inspect "data $name" >inspect.log || fail "inspect data $name"
  valid inspect.log
  tells "every block is whole" "$TRAINER" data verify "data $name"
  refuse 3 "other data or options" "$TRAINER" data import-text text.txt "data $name"
  valid refuse.log

  local keys=(data.path="data $name" run.dir="run $name")
  "$TRAINER" train train.yaml "${keys[@]}" "${short[@]}" train.stop_at=2 >train.log 2>&1 || { cat train.log; fail "train in $name"; }
  "$TRAINER" train "run $name/config.yaml" train.steps=6 train.stop_at=4 --resume >train.log 2>&1 ||
    { cat train.log; fail "resume in $name by its own config.yaml"; }
  for file in config.yaml log.txt metrics.jsonl outcome.json report.html checkpoints/step-00000004/config.yaml checkpoints/step-00000004/manifest.json; do
    valid "run $name/$file"
  done
  [ "$("$TRAINER" config "run $name/config.yaml" --value run.dir; echo .)" = "run $name"$'\n.' ] || fail "config.yaml of $name"
  "$TRAINER" config "${keys[@]}" >again.yaml
  [ "$("$TRAINER" config again.yaml --value data.path; echo .)" = "data $name"$'\n.' ] || fail "config of $name"
  "$TRAINER" eval "run $name" >eval.log || fail "eval in $name"
  valid eval.log
  "$TRAINER" generate "run $name" --tokens 5 >generate.log || fail "generate in $name"
  "$TRAINER" replay "run $name" --step 2 >replay.log 2>&1 || { cat replay.log; fail "replay in $name"; }
  "$TRAINER" report "run $name" >report.log || fail "report in $name"
  valid report.log
  refuse 2 "there is a run in" "$TRAINER" train train.yaml "${keys[@]}"
  valid refuse.log

  case $name in "Zürich" | '[a,b]' | '-n' | '\xe9') return ;; esac
  "$source_dir/launcher/convoy-run" --trainer "$TRAINER" -np 2 --oversubscribe -- "run $name/config.yaml" train.steps=6 >convoy.log 2>&1 ||
    { cat convoy.log; fail "convoy-run in $name"; }
  grep -q "exit code 0" "run $name/restarts.log" || fail "convoy-run in $name told nothing in its run folder"
}

for name in $'caf\xe9' 'a "b" it'"'"'s' '$(touch here) `touch here`; *' '[a,b]' '-n' $'line\nend\n' '\xe9' ' # key: {x} ' "Zürich"; do
  name_works "$name"
done
[ ! -e here ] || fail "a name was run as a command"

# What cannot be read is named, whatever its name.
refuse 3 'none caf\xe9.txt' "$TRAINER" data import-text $'none caf\xe9.txt' out
printf 'abc\xff' >$'bad \xe9.txt'
refuse 3 'bad \xe9.txt' "$TRAINER" data import-text $'bad \xe9.txt' out
refuse 3 'none\xe9' "$TRAINER" train train.yaml data.path=$'none\xe9'
refuse 2 'no\xe9.yaml' "$TRAINER" train $'no\xe9.yaml'
refuse 2 'key\xe9' "$TRAINER" train train.yaml $'key\xe9=1'
refuse 4 'none\xe9' "$TRAINER" eval $'none\xe9'
refuse 2 'none\xe9' "$TRAINER" report $'none\xe9'
refuse 3 'none\xe9' mpirun --oversubscribe -np 2 "$TRAINER" train train.yaml data.path=$'none\xe9'
