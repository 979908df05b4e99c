#!/usr/bin/env bash
# agent.sh [OPTIONS] ADDRESS COMMAND...: runs a command on host 10.0.0.i of the network $CONVOY_HOSTS, as ssh would.
#
# The command gets a host's own name and shared memory beside its own network: ranks on different hosts can meet through
# the network and the file system alone. What it starts outlives it, as on a host that no signal reaches.
set -euo pipefail
while [[ $1 == -* ]]; do shift; done
host=$CONVOY_HOSTS-${1##*.}
shift
exec setsid --wait ip netns exec "$host" unshare --uts --ipc --mount bash -c '
  hostname "$0" && mount -t tmpfs tmpfs /dev/shm && eval "$1"' "$host" "$*"
