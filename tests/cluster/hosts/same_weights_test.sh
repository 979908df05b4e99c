#!/usr/bin/env bash
# Two ranks on two hosts end in the bits of two ranks on one.
. "$(dirname "$0")/common.sh"
ranks 2 run.dir=one_host || { cat train.log; fail "training on one host"; }
timeout_s=60
start_on_hosts 1 two_hosts
wait "$job" || { cat two_hosts.log; fail "training on two hosts"; }
expect_same "$(weights one_host)" "$(weights two_hosts)"
[ ! -e two_hosts/ranks ] || fail "the run folder still holds what the ranks told each other"
