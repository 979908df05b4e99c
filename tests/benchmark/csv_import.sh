#!/usr/bin/env bash
# How fast tables are imported, against pandas.read_csv: csv_import.sh [ROWS]   (default 300,000)
# Prints for a table of numbers and one of all sorts the median seconds of `trainer data import-csv`, which writes a
# dataset, and of read_csv, then median and quartiles of their ratio, pair by pair (in_turns.py). Wants python3 with venv
# and PyPI for pandas, once.
set -euo pipefail
cd "$(dirname "$0")/../.."
trainer=build/$(launcher/preset.sh)/bin/trainer
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=build/python_with_pandas/bin/python
[ -x "$python" ] || { python3 -m venv build/python_with_pandas && build/python_with_pandas/bin/pip -q install pandas==2.2.3; }
python3 tests/benchmark/csv_tables.py "$work" "${1-300000}"
for table in numeric mixed; do
  read -r ours theirs ratio lower upper < <("$python" tests/benchmark/in_turns.py 9 \
    "python3 tests/benchmark/csv_steps.py trainer $work/$table.csv $trainer" \
    "$python tests/benchmark/csv_steps.py pandas $work/$table.csv")
  megabytes=$(($(stat -c %s "$work/$table.csv") / 1000000))
  echo "$table.csv, $megabytes MB: import $ours s, read_csv $theirs s, ratio $ratio ($lower to $upper)"
done
