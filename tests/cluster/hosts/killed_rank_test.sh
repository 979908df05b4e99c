#!/usr/bin/env bash
# A rank killed with -9 on the other host: mpirun says which, and ends the job at once.
. "$(dirname "$0")/common.sh"
long_run 1 run
kill -9 "$(rank_pid 1)"
expect_end run 137 $((timeout_s + 10))
expect_said run.log "process rank 1 with PID .* on node .*exited on signal 9"
