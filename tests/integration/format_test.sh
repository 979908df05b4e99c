#!/usr/bin/env bash
# The lines of Python in datasets/FORMAT.md make a dataset. They need h5py: Python's own, or from PyPI for this test.
. "$(dirname "$0")/common.sh"
python=${CONVOY_PYTHON:-python3}
if ! "$python" -c 'import h5py' 2>/dev/null; then
  timeout 200 "$python" -m pip install --quiet --no-input --retries 1 --target "$work/python" h5py >pip.log 2>&1 ||
    { tail -n 3 pip.log; echo "SKIPPED: no h5py, and none could be installed"; exit 77; }
  export PYTHONPATH=$work/python
fi
sed -n '/^```python$/,/^```$/p' "$source_dir/datasets/FORMAT.md" | grep -v '^```' >write.py
"$python" write.py || fail "the lines of FORMAT.md"
tells "every block is whole" "$TRAINER" data verify data/made
tells "train                    900 samples in 1 shards" "$TRAINER" data inspect data/made
tells "x            (3) float32" "$TRAINER" data inspect data/made
