#!/usr/bin/env bash
# How long training waits for a checkpoint that is written in the background, with the 10.8 M parameter GPT of
# gpt_training.yaml: the wait over the time of 50 steps, which is the share it takes when one is saved every 50 steps.
# Saves every 4 steps so as to end soon: that is harder, for the one before must be written by then. The last checkpoint
# of a run is waited for and does not count; the first allocates the copy's memory and is told apart.
# Usage: checkpoint_stall.sh [CHECKPOINTS] [KEY=VALUE...]   (default 4; wants the data of launcher/quickstart.sh)
set -euo pipefail
cd "$(dirname "$0")/../.."
checkpoints=${1:-4}
shift || true
trainer=${TRAINER:-build/$(launcher/preset.sh)/bin/trainer}
run=build/benchmark/checkpoint_stall
export OMP_NUM_THREADS=2

[ -x "$trainer" ] || launcher/build.sh trainer >/dev/null
rm -rf "$run"
"$trainer" train tests/benchmark/gpt_training.yaml device=cpu run.dir="$run" checkpoint.every_steps=4 \
  train.steps=$((4 * checkpoints + 4)) "$@" >/dev/null

median() { sort -g | awk '{ v[NR] = $1 } END { print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
step_ms=$(sed -n 's/.*"step_ms":\([0-9.]*\).*/\1/p' "$run/metrics.jsonl" | tail -n +4 | median)
du -sm "$run/checkpoints/$(cat "$run/checkpoints/latest")" | awk '{ print "a checkpoint: " $1 " MiB" }'
printf 'a step: %.0f ms (median)\n' "$step_ms"
sed -n 's/.*save *step *\([0-9]*\), training waited \([0-9]*\) ms.*/\1 \2/p' "$run/log.txt" | head -n -1 |
  awk -v step="$step_ms" '{ share = 100 * $2 / (50 * step); if (NR > 1 && share > most) most = share
      printf "step %d: training waited %d ms, %.2f%% of 50 steps%s\n", $1, $2, share, NR == 1 ? " (with the allocation)" : "" }
    END { printf "most, after the first: %.2f%%\n", most; exit !(NR > 1) }'
