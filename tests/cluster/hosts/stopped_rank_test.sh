#!/usr/bin/env bash
# A rank stopped by SIGSTOP on the other host: it is named, and the job ends in time, the stopped process too.
. "$(dirname "$0")/common.sh"
long_run 1 run
kill -STOP "$(rank_pid 1)"
expect_end run 71 $((timeout_s + 10))
verdict="rank 1 on $network-2 \(pid [0-9]+\) is frozen, or its host is down: no sign of life for [0-9.]+ s, (in|after) [a-z_]+ #[0-9]+ of [0-9]+ bytes"
expect_said run.log "^rank 0 on $network-1: [a-z_]+ of [0-9]+ bytes, step [0-9]+, .* has been waiting for [0-9.]+ s, .*Diagnosis: $verdict"
expect_said run/hang-report.txt "^rank 0 on $network-1 \(pid [0-9]+\) has waited in" "^Diagnosis: $verdict" \
  "^  rank 0 .*: running, in" "^  rank 1 .*: no sign of life"
