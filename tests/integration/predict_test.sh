#!/usr/bin/env bash
# From a table to predictions: the columns by name, the preprocessing from the checkpoint alone, a row for each row.
. "$(dirname "$0")/common.sh"
# y = 2 a - b + 3, plus 1 where the colour is red; some cells of b are missing.
rows() { awk -v n="$1" -v seed="$2" 'BEGIN { print "b,colour,y,a"; s = seed; for (i = 0; i < n; i++) {
  s = (s * 16807) % 2147483647; a = s / 2147483647; s = (s * 16807) % 2147483647; b = s / 2147483647; red = i % 3 == 0
  printf "%s,%s,%.6f,%.6f\n", (i % 50 == 7 ? "NA" : sprintf("%.6f", b)), (red ? "red" : "\"blue, dark\""), 2 * a - b + 3 + red, a } }'; }
rows 1000 7 >t.csv
"$TRAINER" data import-csv t.csv data --target y --test 0.1 >import.log || { cat import.log; fail "importing"; }
cat >train.yaml <<'YAML'
model: {family: layers, layers: [{linear: {units: 1}}]}
loss: {name: mse}
data: {path: data}
batch: {micro: 4, global: 16}
train: {steps: 300}
optimizer: {lr: 0.05, weight_decay: 0}
evaluate: {every_steps: 150}
device: cpu
YAML
"$TRAINER" train train.yaml run.dir=run >train.log 2>&1 || { cat train.log; fail "training"; }

# Rows that no import has seen, the columns in another order, one more, without the target; the data may be gone.
mv data away
rows 203 11 >known.csv
awk -F, 'NR == 1 { print "id,a,b,colour"; next } { n = NF; c = $2; if (n == 5) c = $2 "," $3; print NR - 1 "," $n "," $1 "," c }' known.csv >new.csv
"$TRAINER" predict run new.csv --output out.csv >said.log 2>&1 || { cat said.log; fail "predict"; }
grep -q "out.csv: 203 predictions" said.log || { cat said.log; fail "nothing was told"; }
grep -q "note: columns that the model was not trained on are left alone: id" said.log || { cat said.log; fail "no note of a column"; }
[ "$(head -1 out.csv)" = prediction ] && [ "$(wc -l <out.csv)" -eq 204 ] || { head -3 out.csv; fail "not a row for each row"; }
paste -d, out.csv <(awk -F, '{ print $(NF - 1) "," $1 }' known.csv) | awk -F, 'NR > 1 && $3 != "NA" && ($1 - $2 > 0.05 || $2 - $1 > 0.05) { print; bad = 1 }
  END { exit bad }' || fail "these predictions are none"

# The target may be there. By name, whatever the order: the same predictions. Out of a pipe, in other batches, too.
"$TRAINER" predict run known.csv >same.csv || fail "with the target"
cmp out.csv same.csv || fail "the order of columns changed predictions"
"$TRAINER" predict run /dev/stdin --batch 64 < <(sed 's/,/;/g; s/"blue; dark"/"blue, dark"/' new.csv) >piped.csv 2>/dev/null || fail "a pipe with semicolons"
paste -d, out.csv piped.csv | awk -F, 'NR > 1 && ($1 - $2 > 1e-4 || $2 - $1 > 1e-4) { print; bad = 1 } END { exit bad }' || fail "a pipe has other predictions"
"$TRAINER" predict run/checkpoints/step-00000300 new.csv --keep id,colour --output kept.csv 2>/dev/null
[ "$(sed -n 1p kept.csv)" = id,colour,prediction ] && grep -q '^2,"blue, dark",[0-9.]*$' kept.csv || { head -3 kept.csv; fail "--keep"; }
"$TRAINER" predict run new.csv --keep all 2>/dev/null >all.csv
[ "$(cut -d, -f1-4 all.csv | head -2 | tail -1)" = "$(sed -n 2p new.csv)" ] || fail "--keep all"

# The evaluation of the same rows says the same, where nothing is missing: an import fills by its own mean.
mv away data
grep -v ^NA known.csv >clean.csv
"$TRAINER" predict run clean.csv >p.csv
"$TRAINER" data import-csv clean.csv known --target y --validation-file clean.csv >import.log || { cat import.log; fail "importing the known"; }
loss=$("$TRAINER" eval run data.path=known --json | sed 's/.*"loss":\([0-9.e+-]*\),.*/\1/')
paste -d, p.csv <(awk -F, '{ print $(NF - 1) }' clean.csv) | awk -F, -v loss="$loss" 'NR > 1 { sum += ($1 - $2) ^ 2; n++ }
  END { mine = sum / n; exit !(mine < 1.01 * loss + 1e-6 && mine > 0.99 * loss - 1e-6) }' || fail "the predictions' error is not eval's loss, $loss"

# An HDF5 file with the datasets that the model reads, such as a shard, in which the rows are those of the table.
"$TRAINER" data import-csv known.csv shards --target y --test-file clean.csv >import.log || { cat import.log; fail "importing to a shard"; }
"$TRAINER" predict run shards/test-00000.h5 --output shard.csv 2>said.log || { cat said.log; fail "predicting an HDF5 file"; }
[ "$(head -1 shard.csv)" = row,prediction ] || fail "rows of an HDF5 file have no numbers"
cmp <(cut -d, -f2 shard.csv) p.csv || fail "an HDF5 file of the same rows has other predictions"

# What cannot be: named with file, line and value, nothing half-written, and what is there stays.
sed '1s/colour/color/' new.csv >names.csv
refuse 3 'names.csv: no column is named "colour", which the model reads; did you mean color?' "$TRAINER" predict run names.csv --output out.csv
sed '5s/red\|"blue, dark"/green/' new.csv >green.csv
refuse 3 'green.csv: line 5, column "colour": "green" is none of the 2 categories' "$TRAINER" predict run green.csv --output out.csv
"$TRAINER" predict run green.csv --unknown-category missing 2>/dev/null >green.out || fail "--unknown-category missing"
[ "$(wc -l <green.out)" -eq 204 ] || fail "a row with an unknown category has no prediction"
sed '7s/^6,[^,]*/6,six/' new.csv >word.csv
refuse 3 'word.csv: line 7, column "a": "six" is no number' "$TRAINER" predict run word.csv --output out.csv
sed '9s/$/,1/' new.csv >long.csv
refuse 3 'long.csv: line 9: 5 cells, wanted 4' "$TRAINER" predict run long.csv --output out.csv
: >empty.csv
refuse 3 "empty.csv: is empty" "$TRAINER" predict run empty.csv
refuse 3 "none.csv: no such file" "$TRAINER" predict run none.csv
refuse 2 "--unknown-category no" "$TRAINER" predict run new.csv --unknown-category no
gzip -c new.csv >new.csv.gz
refuse 3 "gunzip" "$TRAINER" predict run new.csv.gz
cmp out.csv same.csv || fail "a refused predict touched its output"
[ -z "$(find . -maxdepth 1 -name '*.tmp*')" ] || fail "something half-written is left"
head -1 new.csv >header.csv
"$TRAINER" predict run header.csv --output none.out 2>/dev/null || fail "a table without rows"
[ "$(cat none.out)" = prediction ] || fail "of no rows there are predictions"

# Classes: the likeliest, and the probability of each; rows of no use keep their place.
awk 'BEGIN { print "u,v,kind"; for (i = 0; i < 600; i++) { u = i % 20 / 20; v = int(i / 20) / 30
  printf "%s,%.3f,%s\n", (i % 100 == 50 ? "" : u), v, (u + v > 1.2 ? "high" : u > v ? "right" : "left") } }' >kinds.csv
"$TRAINER" data import-csv kinds.csv kinds --target kind --missing drop >import.log || { cat import.log; fail "importing classes"; }
cat >classes.yaml <<'YAML'
model: {family: layers, layers: [{linear: {units: classes}}]}
loss: {name: cross_entropy}
data: {path: kinds}
batch: {micro: 16, global: 16}
train: {steps: 400}
optimizer: {lr: 0.1, weight_decay: 0}
evaluate: {every_steps: 200, metrics: [accuracy]}
device: cpu
YAML
"$TRAINER" train classes.yaml run.dir=classes >train.log 2>&1 || { cat train.log; fail "training classes"; }
"$TRAINER" predict classes kinds.csv --output classes.csv 2>said.log || { cat said.log; fail "predicting classes"; }
grep -q "note: 6 rows have no prediction, since a cell is missing that the model cannot do without: lines 52, 152" said.log || { cat said.log; fail "rows without prediction are not named"; }
[ "$(head -1 classes.csv)" = prediction,probability_high,probability_left,probability_right ] || { head -1 classes.csv; fail "columns of classes"; }
paste -d, classes.csv kinds.csv | awk -F, 'NR == 1 { next }
  $5 == "" { if ($1 $2 $3 $4 != "") { print "no use: " $0; bad = 1 } next }
  { name = $2 >= $3 && $2 >= $4 ? "high" : $3 >= $4 ? "left" : "right"; off = $2 + $3 + $4 - 1; right += $1 == $7; n++ }
  $1 != name || off > 1e-5 || off < -1e-5 { print "row: " $0; bad = 1 }
  END { exit bad || n != 594 || right < 500 }' || fail "classes and their probabilities"

# A model of data that does not say how its samples were made.
awk '/"preprocessing": \{/ { skip = 1 } !skip { print } /^ \},/ { skip = 0 }' kinds/manifest.json >manifest && mv manifest kinds/manifest.json
"$TRAINER" train classes.yaml run.dir=plain train.steps=2 >train.log 2>&1 || { cat train.log; fail "training on data by hand"; }
refuse 4 "does not say how samples are made of new input" "$TRAINER" predict plain kinds.csv
rm -r data
make_data
"$TRAINER" train train.yaml run.dir=text model.layers=1 train.steps=2 >train.log 2>&1 || { cat train.log; fail "training on text"; }
refuse 2 "reads no fields of samples" "$TRAINER" predict text kinds.csv
