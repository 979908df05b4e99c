#!/usr/bin/env bash
# up.sh NAME N: N hosts named NAME-1 ... NAME-N on one switch, as network namespaces. Needs root and iproute2.
#
# Host i has the address 10.0.0.i. The switch is a namespace too, NAME-switch, so that any number of such networks stand
# side by side and the machine's own network never sees them. down.sh NAME removes everything, whatever came of it.
set -euo pipefail
name=$1 hosts=$2

ip netns add "$name-switch"
ip -n "$name-switch" link add bridge type bridge
ip -n "$name-switch" link set bridge up
for ((i = 1; i <= hosts; i++)); do
  ip netns add "$name-$i"
  ip -n "$name-switch" link add "host$i" type veth peer name eth0 netns "$name-$i"
  ip -n "$name-switch" link set "host$i" master bridge up
  ip -n "$name-$i" addr add "10.0.0.$i/24" dev eth0
  ip -n "$name-$i" link set lo up
  ip -n "$name-$i" link set eth0 up
done
