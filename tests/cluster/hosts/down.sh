#!/usr/bin/env bash
# down.sh NAME: ends whatever runs on the hosts that `up.sh NAME` made, and removes them and their switch.
set -euo pipefail
name=$1

for namespace in $(ip netns list | awk -v name="$name" 'index($1, name "-") == 1 { print $1 }'); do
  for pid in $(ip netns pids "$namespace"); do kill -9 "$pid" 2>/dev/null || true; done
  ip netns del "$namespace"
done
