#!/usr/bin/env bash
# Text from wherever it comes, to wherever it may go: read, or refused in words before anything is done.
. "$(dirname "$0")/common.sh"
make_data
import() { "$TRAINER" data import-text "$@" >import.log 2>&1 || { cat import.log; fail "import-text $*"; }; }

# The manifest has a checksum of every block; HDF5's own bytes have the time in them.
tokens_of() { sed -n '/"splits"/,/"import"/p' "$1/manifest.json"; }
same_tokens() { [ "$(tokens_of "$1")" = "$(tokens_of data)" ]; }

# Pipes have no second reading, and are read all the same; no name of a descriptor is remembered.
import /dev/stdin piped < <(cat text.txt)
same_tokens piped || fail "a pipe made another dataset than the file"
import <(cat text.txt) substituted
same_tokens substituted || fail "a process substitution made another dataset"
tells "nothing to do" "$TRAINER" data import-text <(cat text.txt) substituted
tells "nothing to do" bash -c 'exec 9< <(cat text.txt); "$0" data import-text /dev/fd/9 substituted' "$TRAINER"
import /dev/stdin redirected <text.txt
same_tokens redirected || fail "a redirected file made another dataset"
[ "$(ls -A piped)" = "$(ls -A data)" ] || fail "of a pipe something is left: $(ls -A piped)"
refuse 3 "the text is empty" "$TRAINER" data import-text <(true) out
refuse 3 "is a device" "$TRAINER" data import-text /dev/null out
refuse 3 "standard input is named /dev/stdin" "$TRAINER" data import-text - out
refuse 3 "a regular file is wanted, no pipe" "$TRAINER" data import-text text.txt out --tokenizer <(cat data/tokenizer.json)
[ ! -e out ] && [ ! -e out.importing ] || fail "a refused import left a folder"

# Other encodings and other files: what they are, and a command that helps.
for encoding in utf-16le utf-16be utf-32le utf-32be; do
  iconv -f utf-8 -t "$encoding" text.txt >wide.txt
  refuse 3 "iconv -f $encoding -t utf-8" "$TRAINER" data import-text wide.txt out
done
iconv -f utf-8 -t utf-16 text.txt >wide.txt # with a byte order mark
refuse 3 '`iconv -f utf-16 -t utf-8`' "$TRAINER" data import-text wide.txt out
import <(iconv -f utf-16 -t utf-8 wide.txt) advised
same_tokens advised || fail "following the advice made another dataset"
gzip -k text.txt
refuse 3 "gunzip" "$TRAINER" data import-text text.txt.gz out
refuse 3 "a program" "$TRAINER" data import-text "$TRAINER" out
refuse 3 "HDF5" "$TRAINER" data import-text data/train-00000.h5 out
printf 'Un caf\xe9 \xe0 la cr\xe8me\n' >french.txt
refuse 3 "windows-1252" "$TRAINER" data import-text french.txt out

# No line ends: cut where the share says, and evaluated on.
(printf 'ACGT%.0s' $(seq 10000); echo) >one.txt
import one.txt one --validation 0.5
tells "validation            20,000 tokens" "$TRAINER" data inspect one
short=(train.steps=4 evaluate.every_steps=2 checkpoint.every_steps=4)
"$TRAINER" train train.yaml data.path=one run.dir=one-run "${short[@]}" >train.log 2>&1 || { cat train.log; fail "training on one line"; }

# Without a validation split a run trains without evaluations, and says so; eval says what would help.
import text.txt none --validation 0
! grep -q "note:" import.log || fail "a note about what was asked for"
tells "no validation split: nothing is evaluated" "$TRAINER" train train.yaml data.path=none run.dir=no-split "${short[@]}"
! grep -q eval_loss no-split/metrics.jsonl || fail "an evaluation on nothing"
refuse 3 "no validation split; import the text again with --validation 0.1 and --force" "$TRAINER" eval no-split
"$TRAINER" train train.yaml data.path=none run.dir=none-run "${short[@]}" evaluate.batches=0 >train.log 2>&1 || { cat train.log; fail "training without evaluation"; }
! grep -q eval_loss none-run/metrics.jsonl || fail "an evaluation on nothing"
"$TRAINER" train train.yaml data.path=none run.dir=none-run "${short[@]}" evaluate.batches=0 train.steps=6 --resume >train.log 2>&1 ||
  { cat train.log; fail "resuming without evaluation"; }
"$TRAINER" replay none-run --step 3 >replay.log 2>&1 || { cat replay.log; fail "replaying without a validation split"; }
refuse 3 "data.path=FOLDER" "$TRAINER" eval none-run
tells "step 6: validation loss" "$TRAINER" eval none-run data.path=data
import text.txt little --validation 0.00001
grep -q "note: --validation 1e-05 leaves nothing" import.log || { cat import.log; fail "nothing for validation, without a word"; }

# Tables: from files and pipes, to splits of which each row is in one; looked at, checked, and refused in words.
awk 'BEGIN { print "age,\"height, cm\",price"; for (i = 0; i < 400; i++) print i % 50 ",\"" 150 + i % 41 "\"," i / 8 }' >t.csv
csv() { "$TRAINER" data import-csv "$@" >import.log 2>&1 || { cat import.log; fail "import-csv $*"; }; }
csv t.csv table --target price --test 0.05
tells "train                    340 samples" "$TRAINER" data inspect table
tells "test                      20 samples" "$TRAINER" data inspect table
tells "height, cm" "$TRAINER" data inspect table
tells "every block is whole" "$TRAINER" data verify table
tells "nothing to do" "$TRAINER" data import-csv t.csv table --target price --test 0.05
csv /dev/stdin from-pipe --target price --test 0.05 < <(cat t.csv)
splits_of() { sed -n '/"splits"/,/"import"/p' "$1/manifest.json"; }
[ "$(splits_of table)" = "$(splits_of from-pipe)" ] || fail "a pipe made another dataset than the file"
[ "$(ls -A table)" = "$(ls -A from-pipe)" ] || fail "of a pipe something is left: $(ls -A from-pipe)"
refuse 2 "no target named" "$TRAINER" data import-csv t.csv out
refuse 3 "no column has this name; did you mean price?; there are age, height, cm, price" "$TRAINER" data import-csv t.csv out --target prize
refuse 2 "leave nothing to train on" "$TRAINER" data import-csv t.csv out --target price --validation 0.5 --test 0.5
sed 's/^7,/seven,/' t.csv >word.csv
refuse 3 'word.csv: line 9, column "age": "seven" is no number' "$TRAINER" data import-csv word.csv out --target price
sed '1s/.*/a,a,price/' t.csv >twice.csv
refuse 3 'twice.csv: line 1: two columns are named "a"' "$TRAINER" data import-csv twice.csv out --target price
refuse 3 "unpack it with \`gunzip\`" "$TRAINER" data import-csv text.txt.gz out --target price
refuse 2 "--missing gone: there are mean, median" "$TRAINER" data import-csv t.csv out --target price --missing gone
refuse 3 "--drop hight: no column has this name" "$TRAINER" data import-csv t.csv out --target price --drop hight
[ ! -e out ] && [ ! -e out.importing ] || fail "a refused import left a folder"
refuse 3 "a dataset of fields x (2) f32, y (1) f32, but model.family = gpt2 reads tokens" "$TRAINER" train train.yaml \
  data.path=table run.dir=no-tokens
[ ! -e no-tokens ] || fail "a refused start left a run folder"
refuse 3 "no tokens, but x (2) f32, y (1) f32" "$TRAINER" eval none-run data.path=table
printf '\377' | dd of=table/test-00000.h5 bs=1 seek=$(($(stat -c %s table/test-00000.h5) - 2)) conv=notrunc status=none
refuse 3 "test-00000.h5: \"y.xxh3\" are not the checksums" "$TRAINER" data verify table

# Columns of all types, with what is missing, semicolons, CR LF and a byte order mark: found out, and told.
awk 'BEGIN { printf "\357\273\277day;colour;size;note;kind\r\n"; for (i = 0; i < 300; i++)
  printf "2024-02-%02d;%s;%s;note %d;%s\r\n", 1 + i % 28, (i % 3 ? "red" : "\"light; blue\""), (i % 5 ? i % 7 : "NA"), i, (i % 4 ? "common" : "rare") }' >mixed.csv
csv mixed.csv mixed --target kind --validation 0.1 --test 0.1 --seed 3
for told in "semicolon between cells, a header" "colour category          0  2 columns of x: light; blue, red" \
  "note   dropped           0  text of more than 100 different values" "missing: the mean" "kind   category          0  y, 2 classes: common, rare" \
  "rare             61            7            7    25.0%"; do
  grep -qF -- "$told" import.log || { cat import.log; fail "import-csv did not tell: $told"; }
done
tells "classes common, rare" "$TRAINER" data inspect mixed
tells "every block is whole" "$TRAINER" data verify mixed
csv mixed.csv integers --target kind --categories integer --missing median --drop note,day
tells "categories   (1) int32, classes colour=light; blue, colour=red" "$TRAINER" data inspect integers
csv mixed.csv dropped --target kind --missing drop
grep -q "60 rows left out, of which another cell is missing" import.log || { cat import.log; fail "rows were left out without a word"; }
csv mixed.csv given --target kind --validation-file mixed.csv --test-file mixed.csv
tells "test                     300 samples" "$TRAINER" data inspect given

# The folder that we are in, and one that was made empty.
mkdir here && (cd here && "$TRAINER" data import-text ../text.txt . >../import.log 2>&1 && [ -e manifest.json ]) || fail "an import into ."
(cd here && "$TRAINER" data import-text ../one.txt . --force >../import.log 2>&1 && [ -e manifest.json ] && "$TRAINER" data verify . >../verify.log) ||
  fail "replacing the dataset that we are in"
refuse 3 "no part of a dataset" "$TRAINER" data import-text text.txt /

# As somebody whom permissions hold: what cannot be read or written is named, before any reading.
somebody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
if [ "$(id -u)" -eq 0 ] && "${somebody[@]}" true 2>/dev/null; then
  chmod 755 "$work" && cp "$TRAINER" mine && mkdir -m 700 closed && mkdir -p -m 755 books/open books/closed && cp text.txt closed/ && cp text.txt books/open/
  mkdir -m 555 fixed && mkdir -m 777 fixed/open && chmod 700 books/closed && chmod 600 french.txt
  refuse 3 "cannot make folder $work/fixed/data.importing: Permission denied" "${somebody[@]}" ./mine data import-text text.txt fixed/data
  refuse 3 "closed/text.txt: Permission denied" "${somebody[@]}" ./mine data import-text closed/text.txt fixed/open
  refuse 3 "cannot read folder books/closed: Permission denied" "${somebody[@]}" ./mine data import-text books fixed/open
  refuse 3 "french.txt: Permission denied" "${somebody[@]}" ./mine data import-text french.txt fixed/open
  "${somebody[@]}" ./mine data import-text text.txt fixed/open >import.log 2>&1 || { cat import.log; fail "an empty folder of ours in one that is not"; }
  refuse 2 "is no place to write" "${somebody[@]}" ./mine train train.yaml run.dir=fixed/run
fi
