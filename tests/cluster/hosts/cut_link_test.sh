#!/usr/bin/env bash
# The link between two hosts is cut while they train: the network is named, with ranks on each side that exchange over it
# (hosts sum among themselves first, then each rank with its like), and nothing of the job is left on either.
. "$(dirname "$0")/common.sh"
long_run 2 run
ip -n "$network-switch" link set host2 down
expect_end run 71 $((timeout_s + 10))
verdict="look at the network between hosts $network-1 \((rank 0\) and $network-2 \(rank 2|rank 1\) and $network-2 \(rank 3)\)"
expect_said run.log "^rank [01] on $network-1: [a-z_]+ of [0-9]+ bytes.* has been waiting for [0-9.]+ s, .*$verdict"
expect_said run/hang-report.txt "^Diagnosis: all ranks run and are in the collective, none is late: $verdict" \
  "^  rank 3 on $network-2 \(pid [0-9]+\): running, in [a-z_]+ #"
