#!/usr/bin/env bash
# How much of the communication hides behind backward: two ranks on two hosts (network namespaces, so root is wanted), the
# link between them throttled until a step's gradients take half as long as backward does. A 10.8 M parameter GPT
# (gpt_training.yaml), 8 sequences a rank, one thread each, buckets of 2 MiB.
# Usage: overlap.sh [ROUNDS]   (default 3; about a minute each)
# Wants the data of launcher/quickstart.sh, iproute2 with tc, and root.
set -euo pipefail
cd "$(dirname "$0")/../.."
rounds=${1:-3}
hosts=tests/cluster/hosts
trainer=$PWD/build/$(launcher/preset.sh)/bin/trainer
run=$PWD/build/benchmark/overlap
network=overlap$$

launcher/build.sh trainer >/dev/null
trap '"$hosts/down.sh" "$network"' EXIT
"$hosts/up.sh" "$network" 2

median() { sort -g | awk '{v[NR] = $1} END {print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2}'; }
of() { grep '"step_ms"' "$run/metrics.jsonl" | tail -n +4 | sed "s/.*\"$1\":\([0-9.]*\).*/\1/" | median; }
train() {
  rm -rf "$run"
  "$hosts/run.sh" "$network" 2 1 "$trainer" train "$PWD/tests/benchmark/gpt_training.yaml" "run.dir=$run" device=cpu \
    "data.path=$PWD/data/shakespeare" batch.micro=8 parallel.threads=1 parallel.bucket_bytes=2097152 train.steps=9 >/dev/null
}
# throttle MBIT: what each host sends
throttle() {
  local host
  for host in 1 2; do
    ip netns exec "$network-$host" tc qdisc replace dev eth0 root tbf rate "${1}mbit" burst 1mb latency 500ms
  done
}

printf '%-6s %10s %14s %12s %12s %10s\n' round 'step ms' 'link Mbit/s' 'link ms' 'exposed ms' exposed
parts=()
for round in $(seq "$rounds"); do
  for host in 1 2; do ip netns exec "$network-$host" tc qdisc del dev eth0 root 2>/dev/null || true; done
  train
  step=$(of step_ms) parameters=$(sed -n 's/.*; \([0-9.]*\)M parameters.*/\1/p' "$run/log.txt" | head -1)
  # With two ranks each sends half of its gradients and half of the sums, in f32. Backward is two thirds of a step.
  read -r mbit link < <(awk -v n="$parameters" -v step="$step" 'BEGIN { link = step / 3; printf "%d %.0f\n", n * 32 / link * 1000, link }')
  throttle "$mbit"
  train
  exposed=$(of comm_exposed_ms)
  parts+=("$(awk -v a="$exposed" -v b="$link" 'BEGIN {printf "%.3f", a / b}')")
  printf '%-6s %10.0f %14d %12.0f %12.0f %10s\n' "$round" "$step" "$mbit" "$link" "$exposed" "${parts[-1]}"
done
echo "exposed part of the communication: median $(printf '%s\n' "${parts[@]}" | median)"
