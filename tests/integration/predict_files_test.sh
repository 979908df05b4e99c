#!/usr/bin/env bash
# Predictions on pictures and HDF5 files: what eval sees of the same samples, from the checkpoint alone; bad files are
# named and leave nothing. Pictures come from a small Python (zlib alone); HDF5 files are our own shards.
. "$(dirname "$0")/common.sh"
python3 - <<'PY'
import os, random, struct, zlib
def chunk(kind, data): return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
def png(rows):  # grey
    h, w = len(rows), len(rows[0])
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', w, h, 8, 0, 0, 0, 0)) +
            chunk(b'IDAT', zlib.compress(b''.join(b'\0' + bytes(r) for r in rows))) + chunk(b'IEND', b''))
random.seed(1)
def picture(bright, size): return [[random.randrange(60 if bright else 0, 256 if bright else 196) for _ in range(size)] for _ in range(size)]
def write(name, rows):
    os.makedirs(os.path.dirname(name), exist_ok=True)
    open(name, 'wb').write(png(rows))
for i in range(400):
    for name in ('day', 'night'):
        split = 'train' if i < 320 else 'test'
        rows = picture(name == 'day', 4)
        write(f'pictures/{split}/{name}/{i}.png', rows)
        if split == 'test':
            write(f'flat/{name}_{i}.png', rows)
            write(f'large/train/{name}/{i}.png', rows)
            write(f'large/test/{name}/{i}.png', picture(name == 'day', 9))
PY
import() { "$TRAINER" data "$@" >import.log 2>&1 || { cat import.log; fail "data $*"; }; }
train() { "$TRAINER" train train.yaml "$@" >train.log 2>&1 || { cat train.log; fail "training $*"; }; }
predict() { "$TRAINER" predict "$@" 2>said.log || { cat said.log; fail "predict $*"; }; }
number() { sed "s/.*\"$1\":\([-0-9.e+]*\)[,}].*/\1/"; }
# same_as_eval FILE: of rows file,prediction,probability_day,probability_night with the class in front of the file's name,
# loss and accuracy are those of the JSON on standard input.
same_as_eval() {
  local json
  json=$(cat)
  awk -F'[,/_]' -v want="$(number accuracy <<<"$json")" -v loss="$(number loss <<<"$json")" 'NR > 1 { n++; right += $1 == $3; sum -= log($1 == "day" ? $4 : $5) }
    END { print right / n, sum / n; exit !(n > 0 && right / n - want < 1e-6 && want - right / n < 1e-6 && sum / n - loss < 1e-5 && loss - sum / n < 1e-5) }' "$1" >own ||
    fail "predictions of $1 have accuracy and loss $(cat own), eval says $json"
}

import import-images pictures data --channels 1
cat >train.yaml <<'YAML'
model: {family: layers, layers: [image, flatten, {linear: {units: classes}}]}
loss: {name: cross_entropy}
data: {path: data}
batch: {micro: 16, global: 16}
train: {steps: 200}
optimizer: {name: adam, lr: 0.05}
schedule: {name: constant}
evaluate: {every_steps: 20, metrics: [accuracy]}
checkpoint: {every_steps: 20, keep_best: 1}
device: cpu
YAML
train run.dir=run
train run.dir=run train.steps=220 optimizer.lr=10 --resume # for the worse: the best checkpoint is an earlier one
"$TRAINER" eval run --split test --json >eval.json
"$TRAINER" eval run --split test --best --json >best.json
awk -v a="$(number accuracy <eval.json)" 'BEGIN { exit !(a > 0.7 && a < 0.999) }' || fail "not a test of anything: $(cat eval.json)"

# From the checkpoint alone: the data is away. Folders of classes, one folder of all, a single file.
mv data away
predict run pictures/test --output out.csv
grep -q "out.csv: 160 predictions" said.log || { cat said.log; fail "nothing was told"; }
[ "$(sed -n '1p;2p' out.csv | cut -d, -f1 | tr '\n' ' ')" = "file day/320.png " ] || { head -2 out.csv; fail "not the files' names in order"; }
[ "$(head -1 out.csv)" = file,prediction,probability_day,probability_night ] || { head -1 out.csv; fail "columns"; }
same_as_eval out.csv <eval.json
predict run flat --output flat.csv
cmp <(sed '2,$s/_/\//' flat.csv) out.csv || fail "a folder without classes has other predictions"
predict run pictures/test/night/330.png >one.csv
cmp one.csv <(sed -n '1p;s/^night\/330.png/330.png/p' out.csv) || fail "one file has another prediction"
predict run flat --batch 7 --output batch.csv
paste -d, batch.csv flat.csv | awk -F, 'NR > 1 && ($3 - $7 > 1e-6 || $7 - $3 > 1e-6) { exit 1 }' || fail "another batch gives other predictions"

# The best checkpoint, as eval takes it.
best=$(cat run/checkpoints/best)
[ "$best" != "$(cat run/checkpoints/latest)" ] || fail "the best checkpoint is the newest: not a test of anything"
predict run flat --best --output best.csv
same_as_eval best.csv <best.json
predict "run/checkpoints/$best" flat --output named.csv
cmp best.csv named.csv || fail "--best takes another checkpoint than checkpoints/best names"
! cmp -s best.csv flat.csv || fail "--best predicts what the newest does"

# Pictures of another size become those that the model was trained on, as an import makes them.
import import-images large large-data --channels 1 --size 4x4
predict run large/test --output large.csv
"$TRAINER" eval run data.path=large-data --split test --json >large.json
same_as_eval large.csv <large.json

# Damaged pictures are named, nothing half-written is left, or they go without a prediction; what is no picture is told.
head -c 60 flat/day_330.png >flat/day_331.png
cp out.csv before.csv
refuse 3 "flat/day_331.png is damaged: " "$TRAINER" predict run flat --output out.csv
cmp out.csv before.csv || fail "a refused predict touched its output"
[ -z "$(find . -maxdepth 1 -name '*.tmp*')" ] || fail "something half-written is left"
echo "no picture" >flat/notes.txt
predict run flat --damaged skip --output skipped.csv
cmp skipped.csv <(sed 's/^\(day_331.png\),.*/\1,,,/' flat.csv) || fail "--damaged skip: not one row without a prediction"
grep -q "note: 1 images have no prediction: flat/day_331.png is damaged: " said.log || { cat said.log; fail "no note of the damaged file"; }
grep -q "note: 1 files are no images: flat/notes.txt" said.log || { cat said.log; fail "no note of another file"; }
echo "no picture" >flat/day_331.png
refuse 3 "flat/day_331.png is no PNG or JPEG image, though it is called so; mend or remove it" "$TRAINER" predict run flat
mkdir empty
refuse 3 "empty: no PNG or JPEG image in this folder or below" "$TRAINER" predict run empty
refuse 3 "out.csv is no PNG or JPEG image; name a PNG or JPEG file, or a folder of them" "$TRAINER" predict run out.csv
refuse 3 "none: no such file or folder" "$TRAINER" predict run none
refuse 2 "--damaged gone: wanted error or skip" "$TRAINER" predict run flat --damaged gone
refuse 2 "are of tables, and what is read here is images" "$TRAINER" predict run flat --keep a

# HDF5, classes: rows by number. The datasets are those that the import read, wherever they lie now.
mv away data
import import-hdf5 data/train-00000.h5 h5 --x x --y y --classes day,night --test-x x --test-y y
train run.dir=h5-run data.path=h5
"$TRAINER" eval h5-run --split test --json >eval.json
mv h5 h5-away
predict h5-run data/train-00000.h5 --output h5.csv
[ "$(sed -n '1p;2p;$p' h5.csv | cut -d, -f1 | tr '\n' ' ')" = "row 0 $(($(wc -l <h5.csv) - 2)) " ] || { head -2 h5.csv; fail "not the numbers of rows"; }
"$TRAINER" data inspect data --split train --samples 1000 >shown.txt
grep -o '^x of row [0-9]*, y: [a-z]*' shown.txt | sed 's/.* y: //' >classes.txt
[ "$(wc -l <classes.txt)" -eq "$(($(wc -l <h5.csv) - 1))" ] || fail "$(wc -l <classes.txt) classes, wanted one for each prediction"
(head -1 h5.csv; paste -d/ classes.txt <(sed 1d h5.csv)) >h5-known.csv
same_as_eval h5-known.csv <eval.json
predict run data/test-00000.h5 --output same.csv
cut -d, -f2- same.csv | sort >a
cut -d, -f2- out.csv | sort >b
cmp a b || fail "the rows of a shard have other predictions than the files that it was made from"
import import-images large nine --channels 1 --size 9x9
refuse 3 "x has samples of shape (9, 9, 1), the model wants (4, 4, 1)" "$TRAINER" predict h5-run nine/test-00000.h5
refuse 3 "out.csv: is no HDF5 file" "$TRAINER" predict h5-run out.csv
refuse 3 "none.h5: no such file" "$TRAINER" predict h5-run none.h5
refuse 2 "--damaged is of images" "$TRAINER" predict h5-run data/test-00000.h5 --damaged skip

# Numbers: the error of the predictions is the loss that eval tells.
awk 'BEGIN { print "a,b,y"; for (i = 0; i < 600; i++) print i % 23 / 23 "," i % 7 / 7 "," 2 * (i % 23) / 23 - (i % 7) / 7 + (i % 5) / 10 }' >t.csv
import import-csv t.csv table --target y --test-file t.csv
import import-hdf5 table/train-00000.h5 numbers --x x --y y --test 0.2
cat >train.yaml <<'YAML'
model: {family: layers, layers: [{linear: {units: 1}}]}
loss: {name: mse}
data: {path: numbers}
batch: {micro: 8, global: 8}
train: {steps: 200}
optimizer: {lr: 0.05, weight_decay: 0}
evaluate: {every_steps: 0}
device: cpu
YAML
train run.dir=numbers-run
import import-hdf5 table/test-00000.h5 known --x x --y y --validation-x x --validation-y y
loss=$("$TRAINER" eval numbers-run data.path=known --json | number loss)
predict numbers-run table/test-00000.h5 --output numbers.csv
[ "$(head -1 numbers.csv)" = row,prediction ] || { head -1 numbers.csv; fail "columns of a regression"; }
paste -d, numbers.csv t.csv | awk -F, -v loss="$loss" 'NR > 1 { sum += ($2 - $5) ^ 2; n++ }
  END { mine = sum / n; print mine; exit !(n == 600 && mine < 0.03 && mine < 1.0001 * loss && mine > 0.9999 * loss) }' >own || fail "the mean squared error is $(cat own), eval says $loss"
refuse 3 "x has samples of shape (2), the model wants (4, 4, 1)" "$TRAINER" predict h5-run numbers/test-00000.h5
