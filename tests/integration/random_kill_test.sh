#!/usr/bin/env bash
# Random ranks killed at random moments, while they compute and while they save: no checkpoint is ever unreadable, and
# the run ends in the bytes of the run that was never disturbed.
# Usage: random_kill_test.sh TRAINER CHECK_CHECKPOINTS [KILLS] [SEED]   (default 10 kills)
# Every other run stays on 4 ranks and is started again by convoy-run alone; the others go on with 1, 2 or 4 ranks at
# random. Runs follow one another until there were enough kills.
checker=$(realpath "$2") kills=${3:-10} seed=${4:-1}
. "$(dirname "$0")/common.sh"
# shellcheck disable=SC2154  # from common.sh
convoy_run=$source_dir/launcher/convoy-run
RANDOM=$seed
# AddressSanitizer would make an exit of its own of SEGV and ABRT.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}handle_segv=0:handle_abort=0"
echo "$kills kills, seed $seed"
make_data
steps=400
settings=("train.steps=$steps" checkpoint.every_steps=5 checkpoint.keep_last=3 evaluate.every_steps=100 parallel.timeout_s=20)
began=$(date +%s%N)
ranks 4 run.dir=whole "${settings[@]}" || { tail -20 train.log; fail "the undisturbed run"; }
whole_ms=$((($(date +%s%N) - began) / 1000000))
echo "the undisturbed run took $whole_ms ms"

# Killed between publishing the last checkpoint and naming it: the next start has no step to do, but names it.
echo step-00000395 >whole/checkpoints/latest
ranks 1 run.dir=whole "${settings[@]}" run.resume=must || { tail -20 train.log; fail "a start with nothing to do"; }
[ "$(cat whole/checkpoints/latest)" = step-00000400 ] || fail "latest is still $(cat whole/checkpoints/latest)"

ranks_of() { pgrep -f "^$TRAINER train train.yaml run.dir=$1 " || true; }
running() { kill -0 "$job" 2>/dev/null; }
# Every checkpoint that has a name is whole, whatever was being written at the time of the kill.
check_all() { "$checker" "$1/checkpoints" >check.log 2>&1 || { cat check.log; fail "an unreadable checkpoint after $done kills"; }; }

# begin RUN RANKS RESTARTS: convoy-run in the background
begin() {
  "$convoy_run" --trainer "$TRAINER" --backoff-s 0 --stuck-s 10 --restarts "$3" --before-restart "'$checker' \"\$1/checkpoints\" >check.log" \
    -np "$2" -- train.yaml run.dir="$1" "${settings[@]}" >"$1.log" 2>&1 &
  job=$!
}

# strike RUN: waits for ranks that were not there before, then some random time, and kills one. False: the run has ended.
strike() {
  local before=$victims pids=()
  while running; do
    mapfile -t pids < <(ranks_of "$1")
    [ ${#pids[@]} -eq 0 ] || [[ " $before " == *" ${pids[0]} "* ]] || break
    sleep 0.02
  done
  local delay_ms=$((RANDOM * whole_ms * 6 / 10 / 32768))
  sleep "$((delay_ms / 1000)).$(printf %03d $((delay_ms % 1000)))"
  mapfile -t pids < <(ranks_of "$1")
  [ ${#pids[@]} -gt 0 ] || return 1
  local signal=${signals[RANDOM % ${#signals[@]}]}
  kill "-$signal" "${pids[RANDOM % ${#pids[@]}]}" 2>/dev/null || return 1
  victims="${pids[*]}" done=$((done + 1))
  counts[$signal]=$((${counts[$signal]:-0} + 1))
}

signals=(KILL KILL SEGV ABRT)
declare -A counts=()
ulimit -c 0
done=0 run=0 victims=''
while ((done < kills)); do
  run=$((run + 1)) name=run-$run starts=0
  while [ "$(sed -n 's/.*"step": *\([0-9]*\).*/\1/p' "$name/outcome.json" 2>/dev/null)" != $steps ]; do
    starts=$((starts + 1))
    if ((run % 2)); then begin "$name" 4 50; else begin "$name" $((1 << RANDOM % 3)) 0; fi
    while ((done < kills)) && running && strike "$name"; do ((run % 2)) || break; done
    code=0
    wait "$job" || code=$?
    check_all "$name"
    case $code in 0 | 134 | 137 | 139) ;; *) tail -20 "$name.log"; fail "run $run ended with $code" ;; esac
    ((starts < 60)) || fail "run $run does not come to its end"
  done
  expect_same "$(weights whole)" "$(weights "$name")"
  rm -rf "$name"
  echo "run $run: the undisturbed bytes after $starts starts of convoy-run, $done kills in all"
done
echo "$done kills (KILL ${counts[KILL]:-0}, SEGV ${counts[SEGV]:-0}, ABRT ${counts[ABRT]:-0}) in $run runs: every checkpoint readable, every run ended in the undisturbed bytes"
