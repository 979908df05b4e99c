#!/usr/bin/env bash
# token_ids_test.sh PROGRAM: 10 MB of mixed text, or CONVOY_TEXT_MB, give the ids of Hugging Face's tokenizers. Exits 77
# (skipped) where the Python package is not installed; PYTHON names another interpreter, CONVOY_TOKENIZERS more files.
set -euo pipefail
read -r -a more <<<"${CONVOY_TOKENIZERS-}"
exec "${PYTHON:-python3}" "$(dirname "$0")/../../reference/check_token_ids.py" "$1" "${CONVOY_TEXT_MB-10}" "${more[@]}"
