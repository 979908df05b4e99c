#!/usr/bin/env bash
# Images by class, IDX and HDF5 files to datasets: read, looked at, checked, trained on, or refused in words with nothing
# left. Files come from a small Python (zlib alone) for PNG and IDX; HDF5 from our own shards, which are such files.
. "$(dirname "$0")/common.sh"
python3 - <<'PY'
import os, struct, zlib, gzip, random
def chunk(kind, data): return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
def png(rows):  # grey
    h, w = len(rows), len(rows[0])
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', w, h, 8, 0, 0, 0, 0)) +
            chunk(b'IDAT', zlib.compress(b''.join(b'\0' + bytes(r) for r in rows))) + chunk(b'IEND', b''))
random.seed(1)
def picture(bright): return [[min(255, (140 if bright else 40) + random.randrange(60)) for _ in range(6)] for _ in range(6)]
images, labels = [], []
for i in range(60):
    for label, name in enumerate(('day', 'night')):
        rows = picture(label == 0)
        os.makedirs(f'pictures/{name}', exist_ok=True)
        open(f'pictures/{name}/{i}.png', 'wb').write(png(rows))
        images.append(b''.join(map(bytes, rows))); labels.append(label)
os.makedirs('idx', exist_ok=True)
for split, begin, end in (('train', 0, 100), ('t10k', 100, 120)):
    n = end - begin
    gzip.open(f'idx/{split}-images-idx3-ubyte.gz', 'wb').write(struct.pack('>IIII', 0x803, n, 6, 6) + b''.join(images[begin:end]))
    gzip.open(f'idx/{split}-labels-idx1-ubyte.gz', 'wb').write(struct.pack('>II', 0x801, n) + bytes(labels[begin:end]))
PY
import() { "$TRAINER" data "$@" >import.log 2>&1 || { cat import.log; fail "data $*"; }; }

import import-images pictures data --channels 1 --test 0.1
tells "every block is whole" "$TRAINER" data verify data
tells "train                     96 samples" "$TRAINER" data inspect data
tells "x of row 0, y: " "$TRAINER" data inspect data
tells "night" "$TRAINER" data inspect data --samples 0
tells "The first of test:" "$TRAINER" data inspect data --split test --samples 2
refuse 2 "--split tests" "$TRAINER" data inspect data --split tests
! "$TRAINER" data inspect data | grep -q $'\x1b' || fail "colours in a pipe"
tells $'\x1b[38;2;' "$TRAINER" data inspect data --pictures colours
tells "nothing to do" "$TRAINER" data import-images pictures data --channels 1 --test 0.1
import import-images pictures sized --size 4x5 --fit pad
tells "(4, 5, 3) uint8" "$TRAINER" data inspect sized

import import-idx idx idx-data --classes day,night
tells "test                      20 samples" "$TRAINER" data inspect idx-data
tells "x            (6, 6, 1) uint8" "$TRAINER" data inspect idx-data

# Our own shards are HDF5 files.
import import-hdf5 data/train-00000.h5 h5-data --x x --y y --classes auto --test 0.25
tells "x            (6, 6, 1) uint8" "$TRAINER" data inspect h5-data
import import-hdf5 data/train-00000.h5 named --x /x --y y --classes day,night --test-x x --test-y y
tells "test                      96 samples" "$TRAINER" data inspect named

# Refused, and nothing is left.
refuse 3 'no dataset is called "image"; there are x (96 x 6 x 6 x 1 uint8), x.xxh3 (1 int64), y (96 int32)' "$TRAINER" data import-hdf5 \
  data/train-00000.h5 out --x image --y y
refuse 3 "x has 36 numbers a sample, with --classes 2; wanted one label" "$TRAINER" data import-hdf5 data/train-00000.h5 out --x x --y x --classes 2
refuse 3 "pictures/day/0.png: cannot open the file: HDF5: " "$TRAINER" data import-hdf5 pictures/day/0.png out --x x --y y
refuse 2 "no dataset named" "$TRAINER" data import-hdf5 data/train-00000.h5 out
refuse 3 "no IDX file in this folder" "$TRAINER" data import-idx pictures/day out
refuse 3 "no folder in it; wanted one for each class" "$TRAINER" data import-images pictures/day out
refuse 2 "wanted HEIGHTxWIDTH in pixels" "$TRAINER" data import-images pictures out --size large
head -c 50 pictures/day/0.png >pictures/day/cut.png
refuse 3 "pictures/day/cut.png is damaged: " "$TRAINER" data import-images pictures out
[ ! -e out ] && [ ! -e out.importing ] || fail "a refused import left a folder"
import import-images pictures skipped --damaged skip
grep -q "1 files are left out" import.log && grep -q "pictures/day/cut.png is damaged" import.log || { cat import.log; fail "a damaged file without a word"; }
mkdir pictures/empty
refuse 3 "pictures/empty: no file in it" "$TRAINER" data import-images pictures out --damaged skip

# Damage anywhere is named, each block.
place=$(python3 -c "
import gzip
images = gzip.open('idx/train-images-idx3-ubyte.gz').read()[16:]
print(max(open('data/train-00000.h5', 'rb').read().find(images[i:i + 36]) for i in range(0, len(images), 36)))")
printf '\1\2\3\4' | dd of=data/train-00000.h5 bs=1 seek="$place" conv=notrunc status=none
refuse 3 "train-00000.h5: " "$TRAINER" data verify data
refuse 3 "row" "$TRAINER" data verify data

# A disk that fills up.
mkdir small
if mount -t tmpfs -o size=64k tmpfs small 2>/dev/null; then
  trap 'umount "$work/small"; rm -rf "$work"' EXIT
  rm -r pictures/empty pictures/day/cut.png
  refuse 3 "No space left on device" "$TRAINER" data import-images pictures small/data --size 64x64
  refuse 3 "No space left on device" "$TRAINER" data import-idx idx small/data
  [ -z "$(ls -A small)" ] || fail "an import that failed left something: $(ls -A small)"
fi
