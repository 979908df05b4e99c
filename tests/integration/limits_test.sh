#!/usr/bin/env bash
# Where too few processes or threads are allowed, every command says which limits there are and what to do; whatever the
# number, it is that or success. By ulimit -u, which does not hold for root, and by a control group.
. "$(dirname "$0")/common.sh"
make_data
"$TRAINER" train train.yaml run.dir=good >train.log || { cat train.log; fail "without a limit"; }

# As root the program, and a user without processes of his own, must be able to use this folder.
cp "$TRAINER" trainer
# shellcheck disable=SC2154  # from common.sh
chmod -R a+rwX "$work"
limited() {  # limited PROCESSES COMMAND...
  local most=$1
  shift
  if [ "$(id -u)" -eq 0 ]; then
    setpriv --reuid 54321 --clear-groups prlimit --nproc="$most:$most" "$@"
  else
    prlimit --nproc="$most:$most" "$@"
  fi
}
for words in "train train.yaml run.dir=new" "eval good" "generate good --tokens 2" "replay good --step 1" \
  "submit train.yaml run.dir=new"; do
  # shellcheck disable=SC2086  # words
  refuse 2 "this user may have 1 processes and threads (ulimit -u)" limited 1 ./trainer $words parallel.threads=2
  grep -q "take fewer ranks or parallel.threads" refuse.log || { cat refuse.log; fail "no remedy: $words"; }
done
[ ! -e new/config.yaml ] || fail "a start without threads began a run"

# Wherever the last thread is missing.
if [ "$(id -u)" -eq 0 ]; then
  for most in 2 3 4 5 6 7 8; do
    rm -rf new
    code=0
    limited "$most" ./trainer train train.yaml run.dir=new train.steps=2 parallel.threads=2 >limit.log 2>&1 || code=$?
    case $code in
      0) break ;;
      2) grep -q "begin no more threads" limit.log || { cat limit.log; fail "no reason with $most threads"; } ;;
      *) cat limit.log; fail "ended with $code where $most threads are allowed" ;;
    esac
    [ ! -e new/config.yaml ] || fail "a start without threads began a run"
  done
  [ "$code" -eq 0 ] || fail "8 threads are not enough"
fi

# A control group, version 1 or 2.
for group in "/sys/fs/cgroup/pids/convoy-limits-$$" "/sys/fs/cgroup/convoy-limits-$$"; do
  mkdir "$group" 2>/dev/null || continue
  trap 'rmdir "$group" 2>/dev/null || true; rm -rf "$work"' EXIT
  if { echo 2 >"$group/pids.max"; } 2>/dev/null; then
    # shellcheck disable=SC2016  # its own $
    refuse 2 "pids.max of $group is 2, " bash -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$group" \
      ./trainer train train.yaml run.dir=grouped parallel.threads=3
  fi
  rmdir "$group"
  break
done
