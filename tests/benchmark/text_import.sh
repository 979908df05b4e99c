#!/usr/bin/env bash
# How fast text is encoded, against the Python package tokenizers: text_import.sh [MEGABYTES [TOKENIZER.json ...]]
# (default 20, and a byte-level BPE of 6,000 tokens that the package trains). For a text of many languages and code
# (tests/reference/mixed_text.py) and the plays, over and over: median seconds of `trainer data import-text`,
# which writes a dataset, and of encode_batch on text in memory, both on all cores, then median and quartiles of their
# ratio, pair by pair (in_turns.py). Wants a python3 (or PYTHON) with tokenizers and the data of launcher/quickstart.sh.
set -euo pipefail
cd "$(dirname "$0")/../.."
trainer=${CONVOY_TRAINER:-build/$(launcher/preset.sh)/bin/trainer}
python=${PYTHON:-python3}
"$python" -c 'import tokenizers' || { echo "$python has no package tokenizers: install it there with pip" >&2; exit 2; }
megabytes=${1-20}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$python" tests/reference/mixed_text.py "$work/mixed" "$megabytes"
plays=data/shakespeare_text
[ ! -d "$plays" ] || while [ "$(stat -c %s "$work/plays" 2>/dev/null || echo 0)" -lt $((megabytes * 1000000)) ]; do
  cat "$plays"/*.md >>"$work/plays"
done
tokenizers=("${@:2}")
if ((!${#tokenizers[@]})); then
  tokenizers=("$work/trained.json")
  "$python" - "$work/mixed" "$work/trained.json" <<'PYTHON'
import sys
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
tokenizer = Tokenizer(models.BPE())
tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
text = open(sys.argv[1], encoding="utf-8", newline="").read(2_000_000)
tokenizer.train_from_iterator([text], trainers.BpeTrainer(vocab_size=6000, show_progress=False,
                              initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
tokenizer.save(sys.argv[2])
PYTHON
fi
for tokenizer in "${tokenizers[@]}"; do
  for text in "$work"/mixed "$work"/plays; do
    [ -f "$text" ] || continue
    read -r ours theirs ratio lower upper < <("$python" tests/benchmark/in_turns.py 7 \
      "$python tests/benchmark/text_steps.py trainer $text $tokenizer $trainer" \
      "$python tests/benchmark/text_steps.py tokenizers $text $tokenizer")
    echo "$(basename "$tokenizer"), $(basename "$text"), $(($(stat -c %s "$text") / 1000000)) MB:" \
      "import $ours s, encode_batch $theirs s, ratio $ratio ($lower to $upper)"
  done
done
