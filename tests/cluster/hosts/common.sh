# shellcheck shell=bash
# Shared by the tests on several hosts; to be sourced. Without root or network namespaces the test is skipped (exit 77).
# Each test has a network of its own, so that any number of them run at the same time; it goes with the test, however
# that ends.
set -euo pipefail
hosts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
network=convoy$$

skip() { echo "SKIPPED: $*"; exit 77; }
[ "$(id -u)" -eq 0 ] || skip "hosts as network namespaces need root"
command -v ip >/dev/null || skip "hosts as network namespaces need iproute2"
# shellcheck source=tests/integration/common.sh
. "$hosts/../../integration/common.sh"
trap '"$hosts/down.sh" "$network"; rm -rf "$work"' EXIT
"$hosts/up.sh" "$network" 2 2>up.log || { cat up.log; skip "this machine allows no network namespaces"; }
make_data

timeout_s=5

# start_on_hosts SLOTS RUN KEY=VALUE...: trains in the background on two hosts with SLOTS ranks each; $job is mpirun
start_on_hosts() {
  local slots=$1 run=$2
  shift 2
  "$hosts/run.sh" "$network" 2 "$slots" "$TRAINER" train train.yaml "run.dir=$run" \
    "parallel.timeout_s=$timeout_s" parallel.threads=1 "$@" >"$run.log" 2>&1 &
  job=$!
}

# long_run SLOTS RUN: a run that no test sees the end of, some steps old
long_run() {
  start_on_hosts "$1" "$2" train.steps=1000000 checkpoint.every_steps=1000000 evaluate.every_steps=1000000
  await_steps "$2" 20
}

# await_steps RUN STEPS
await_steps() {
  for _ in $(seq 400); do
    if [ -e "$1/metrics.jsonl" ] && [ "$(wc -l <"$1/metrics.jsonl")" -ge "$2" ]; then return; fi
    sleep 0.05
  done
  cat "$1.log"
  fail "run $1 did not come to its step $2"
}

# rank_pid RANK: its process, as this machine numbers it
rank_pid() {
  local pid
  for pid in $(ip netns pids "$network-1") $(ip netns pids "$network-2"); do
    if [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = trainer ] && is_rank "$pid" "$1"; then
      echo "$pid"
      return
    fi
  done
  fail "there is no rank $1"
}

# expect_end RUN CODE SECONDS: the job ends in that time with that exit code, and nothing of it survives on any host
expect_end() {
  local run=$1 code=$2 limit=$3 begin=$SECONDS found=0 left host
  (sleep "$limit" && echo "LATE" >"$run.late" && kill -9 "$job") >/dev/null 2>&1 &  # nobody waits for its output
  local clock=$!
  wait "$job" || found=$?
  kill "$clock" 2>/dev/null || true
  echo "the job ended with $found after $((SECONDS - begin)) s"
  cat "$run.log"
  [ ! -e "$run.late" ] || fail "the job was not over within $limit s"
  [ "$found" -eq "$code" ] || fail "the job ended with $found, wanted $code"
  for host in 1 2; do
    while left=$(ip netns pids "$network-$host" | paste -sd,) && [ -n "$left" ]; do
      if ((SECONDS - begin >= limit)); then
        ps -o pid,stat,args -p "$left"
        fail "processes of the job are left on host $host"
      fi
      sleep 0.1
    done
  done
}

# expect_said FILE TEXT...
expect_said() {
  local file=$1 text
  shift
  for text; do grep -qE -- "$text" "$file" || { cat "$file"; fail "no \"$text\" in $file"; }; done
}
