#!/usr/bin/env bash
# A host is lost while it trains: convoy-run goes on with the ranks of the host that is left, from the last checkpoint, to
# the weights of the run that lost nothing.
. "$(dirname "$0")/common.sh"
. "$hosts/mpirun_options.sh"
settings=(train.steps=300 checkpoint.every_steps=20 evaluate.every_steps=100 parallel.threads=1 "parallel.timeout_s=$timeout_s")
ranks 1 run.dir=whole "${settings[@]}" || { cat train.log; fail "the undisturbed run"; }

# A host that answers refuses the connection.
probe='timeout 2 bash -c "exec 3<>/dev/tcp/{}/9" 2>&1 | grep -q refused'
words=("$source_dir/launcher/convoy-run" --trainer "$TRAINER" --hosts 10.0.0.1:1,10.0.0.2:1 --drop-hosts --backoff-s 1
  --probe "$probe" "${mpirun_options[@]}" -- train.yaml run.dir=run "${settings[@]}")
CONVOY_HOSTS=$network "$hosts/agent.sh" 10.0.0.1 exec "${words[@]@Q}" >run.log 2>&1 &
job=$!
await_steps run 40
ip -n "$network-switch" link set host2 down
expect_end run 0 200
expect_said run/restarts.log "start 1: 2 ranks on 10.0.0.1:1,10.0.0.2:1, from step 0" \
  "start 1 ended .*exit code 71" "start 2: 1 ranks on 10.0.0.1:1, from step [1-9]"
expect_same "$(weights whole)" "$(weights run)"
