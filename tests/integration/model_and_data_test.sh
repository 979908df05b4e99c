#!/usr/bin/env bash
# A model and a dataset that do not belong together are refused with both named, by every command that joins them; the
# same data is taken wherever it lies; a model that says nothing, or more than its tokenizer knows, is no crash.
. "$(dirname "$0")/common.sh"
cat >c.yaml <<'YAML'
model: {layers: 1, heads: 2, channels: 16, context: 8}
batch: {micro: 2, global: 4}
train: {steps: 20}
evaluate: {every_steps: 10, batches: 2}
checkpoint: {every_steps: 10}
device: cpu
data: {path: d}
run: {dir: r}
YAML
for i in $(seq 60); do echo "line $i: the quick brown fox jumps over the lazy dog."; done >t.txt
tr a-z b-za <t.txt >o.txt  # the same characters
LC_ALL=C awk 'BEGIN { for (i = 0; i < 3000; i++) { c = 19968 + i * 7919 % 16000
  printf "%c%c%c", 224 + int(c / 4096), 128 + int(c / 64) % 64, 128 + c % 64 } }' >han.txt
import() { "$TRAINER" data import-text "$@" >import.log || { cat import.log; fail "importing $*"; }; }
train() { "$TRAINER" train c.yaml "$@" >train.log 2>&1 || { cat train.log; fail "training $*"; }; }
import t.txt d; import han.txt h; import t.txt b --tokenizer bytes; import o.txt o; import t.txt elsewhere/again
train

# A larger vocabulary, where a lookup would leave the embedding; another tokenizer, where the loss would look right.
train run.dir=longer train.stop_at=10
for other in h b; do
  refuse 3 "the model in r/checkpoints/step-00000020 has a vocabulary of" "$TRAINER" eval r data.path=$other
  grep -qF "the data in $other has a vocabulary of" refuse.log || fail "it does not name the data"
  refuse 3 "the data in $other has" "$TRAINER" train c.yaml run.dir=longer --resume data.path=$other
  refuse 3 "the data in $other has" "$TRAINER" train c.yaml run.dir=longer --resume data.path=$other data.changed=accept
  refuse 3 "the data in $other has" "$TRAINER" replay r --step 5 data.path=$other
  refuse 3 "the data in $other has" mpirun --oversubscribe -np 2 "$TRAINER" eval r data.path=$other
done
refuse 2 "model.vocabulary = 10, but the tokens in d reach up to" "$TRAINER" train c.yaml run.dir=fresh model.vocabulary=10
[ ! -e fresh ] || fail "a refused start left a run folder"
# What the refusal advises: other text for this model.
import o.txt mine --tokenizer r/checkpoints/step-00000020/tokenizer.json
tells "which is not the data that it was trained on" "$TRAINER" eval r data.path=mine
tells "of d" "$TRAINER" eval r
[[ $("$TRAINER" eval r) != *"not the data"* ]] || fail "its own data is called other data"

# Data replaced between stop and resume. The same import elsewhere is the same data.
train run.dir=s train.stop_at=10
cp -r d kept; import o.txt d --force
refuse 3 "step 10 of the run in s was made from other data" "$TRAINER" train c.yaml run.dir=s --resume
refuse 3 "in d (" "$TRAINER" replay s --step 5
refuse 3 "other bits, from other data" "$TRAINER" replay s --step 5 data.changed=accept
cp -r s same; train run.dir=same --resume data.path=elsewhere/again
expect_same "$(weights same)" "$(weights r)"
"$TRAINER" replay s --step 5 data.path=elsewhere/again >replay.log 2>&1 || { cat replay.log; fail "the same data elsewhere"; }
# Taken when told to, and recorded; each step is replayed with the data that it had.
train run.dir=s --resume data.changed=accept
grep -q "changed since the last start: the data: .* -> " s/log.txt || fail "log.txt does not tell of the change"
[ "$(grep -c '"step":10,"data_before":"[0-9a-f]*","data":"[0-9a-f]*"' s/metrics.jsonl)" -eq 1 ] || fail "metrics.jsonl does not"
data_of() { sed -n 's/.*"data": "\(.*\)".*/\1/p' "$1/manifest.json"; }
[ "$(data_of s/checkpoints/step-00000010)" = "$(data_of r/checkpoints/step-00000010)" ] || fail "the first ten steps"
[ "$(data_of s/checkpoints/step-00000020)" != "$(data_of r/checkpoints/step-00000020)" ] || fail "the next ten steps"
for where in 5:kept 10:kept 11:d 20:d; do
  "$TRAINER" replay s --step "${where%:*}" data.path="${where#*:}" >replay.log 2>&1 || { cat replay.log; fail "replaying $where"; }
done
refuse 3 "step 11 of the run in s was made from other data" "$TRAINER" replay s --step 15 data.path=kept
refuse 3 "step 1 of the run in s was made from other data" "$TRAINER" replay s --step 5
refuse 3 "was made from other data" "$TRAINER" train c.yaml run.dir=s --resume train.steps=30 data.path=kept
refuse 3 "was made from other data" "$source_dir/launcher/convoy-run" --trainer "$TRAINER" -np 1 -- c.yaml run.dir=s \
  train.steps=30 data.path=kept
train run.dir=s --resume train.steps=24
# Ranks that find different data under one name.
refuse 3 "finds other data in" mpirun --oversubscribe -np 1 "$TRAINER" train c.yaml run.dir=fresh parallel.virtual_ranks=2 \
  data.path=kept : -np 1 "$TRAINER" train c.yaml run.dir=fresh parallel.virtual_ranks=2 data.path=o

# From elsewhere a relative data.path means what it meant; of a tree that was moved, what lies beside it now.
rm -r d; mv kept d
(mkdir -p far/away; cd far/away
  tells "$work/d" "$TRAINER" eval ../../r
  "$TRAINER" replay ../../r --step 5 >replay.log 2>&1 || { cat replay.log; fail "replaying from elsewhere"; }
  refuse 3 "d: no such dataset folder in $work/far/away" "$TRAINER" train ../../c.yaml run.dir=new
  refuse 3 "nowhere: no such dataset folder in $work/far/away" "$TRAINER" eval ../../r data.path=nowhere
  cp -r "$work/o" d
  tells "$work/d" "$TRAINER" eval ../../r)
mkdir moved; mv d r moved
(cd moved && tells "of d" "$TRAINER" eval r)
refuse 3 "$work/d: no such dataset folder" "$TRAINER" eval moved/r
mv moved/d moved/r .

# A vocabulary beyond the tokenizer's: such tokens have no text and are never drawn.
train run.dir=padded model.vocabulary=4000 optimizer.lr=1e-5
for options in "--temperature 1000 --tokens 300" "--temperature 0" "--top-k 1" "--top-p 0.01 --seed 7"; do
  # shellcheck disable=SC2086
  "$TRAINER" generate padded $options >generated.txt 2>&1 || { cat generated.txt; fail "generate padded $options"; }
done
"$TRAINER" eval padded >/dev/null || fail "eval of a padded vocabulary"

# Without a prompt, on text that has no line end.
printf 'ACGT%.0s' $(seq 1000) >dna.txt; import dna.txt dna
train run.dir=dna_run data.path=dna
for n in 1 2; do "$TRAINER" generate dna_run --tokens 40 >"generated-$n.txt" || fail "generate without a prompt"; done
expect_same generated-1.txt generated-2.txt
grep -qE '^[ACGT]{41}$' generated-1.txt || { cat generated-1.txt; fail "41 letters were wanted"; }
refuse 3 "--prompt: character 'x'" "$TRAINER" generate dna_run --prompt ACx

# A model that diverged says so.
train run.dir=nan optimizer.lr=1e30 schedule.warmup_steps=0
refuse 4 "not finite" "$TRAINER" generate nan
refuse 4 "not finite" "$TRAINER" generate nan --temperature 0
refuse 4 "not finite" "$TRAINER" eval nan
refuse 4 "not finite" mpirun --oversubscribe -np 2 "$TRAINER" eval nan
for option in "--temperature nan" "--temperature inf" "--top-p nan" "--top-k -1" "--seed 99999999999999999999" "--tokens 0"; do
  # shellcheck disable=SC2086
  refuse 2 "${option%% *}" "$TRAINER" generate r $option
done
