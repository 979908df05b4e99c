#!/usr/bin/env bash
# submit_test.sh TRAINER: `trainer submit` on a real Slurm of two nodes, by srun and by mpirun at the same time.
#
# The time limit draws near: both runs are saved and queued again. A node loses its power: both are queued again. They
# end with the weights of a run that nothing disturbed. Exit status 77: not possible here, the reason is said.
. "$(dirname "$0")/../../integration/common.sh"
# shellcheck source=tests/cluster/slurm/slurm.sh
. "$source_dir/tests/cluster/slurm/slurm.sh"

missing=$(missing_for_slurm | paste -sd, | sed 's/,/, /g')
[ -z "$missing" ] || { echo "SKIPPED: a Slurm of two nodes needs root, slurm-wlm, munge, iproute2 and network namespaces; missing: $missing"; exit 77; }
trap 'slurm_down; rm -rf "$work"' EXIT

make_data
steps=300
run_keys=(train.steps=$steps batch.global=4 parallel.virtual_ranks=2 checkpoint.every_steps=20 evaluate.every_steps=0 parallel.timeout_s=30)
ranks 2 run.dir=undisturbed "${run_keys[@]}" || { cat train.log; fail "the undisturbed run"; }

slurm_up "$work/slurm"
# The two runs together then take about 0.14 s a step: long enough for the signal, which may come half a minute early.
slow_network 12mbit || { echo "SKIPPED: this kernel cannot slow a network (tc qdisc tbf)"; exit 77; }

explain() {
  on_controller squeue
  tail -n 40 "$work"/*/slurm/job-*.log "$work"/*/slurm/rank-*.log "$work"/slurm/slurm*.log >&2 || true
  fail "$@"
}
submit() {
  on_controller "$TRAINER" submit train.yaml --nodes 2 --tasks-per-node 1 --time 3 --save-before 110 --launcher "$1" \
    --sbatch-option overcommit "run.dir=$1" parallel.threads=1 "${run_keys[@]}" >"submit-$1.log" || fail "trainer submit"
  # submit refuses a limit so near to the saving.
  on_controller scontrol update "JobId=$(sed -n 's/^submitted job //p' "submit-$1.log")" TimeLimit=2 || fail "another time limit"
}
job_log() { cat "$1"/slurm/job-*.log 2>/dev/null; }
finished() { both_say 'the ranks ended with 0'; }
both_say() { grep -q -- "$1" <<<"$(job_log srun)" && grep -q -- "$1" <<<"$(job_log mpirun)"; }
trains_again() { awk '/resumed after/ { again = 1 } again && /^step/ { found = 1 } END { exit !found }' "$1/slurm/rank-0.log"; }
both_train_again() { trains_again srun && trains_again mpirun; }
neither_runs() { [[ -z $(on_controller squeue --noheader --states=running) ]]; }

submit srun
submit mpirun
await 45 "the time limit to draw near" both_say 'time limit near: the ranks save and stop' || explain "no signal before the limit"
await 20 "the second start" both_say 'start 1 .* from checkpoint step-' || explain "not queued again after the signal"

await 20 "the second start to train" both_train_again || explain "the second start does not train"
node_crash 2
await 20 "the crash to end the runs" neither_runs || explain "the crash goes unnoticed"
quick_network
node_boot 2

await 60 "the end" finished || explain "the runs do not end"
for launcher in srun mpirun; do
  expect_same "$(weights undisturbed)" "$(weights "$launcher")"
done
both_say 'start 2 ' || explain "the crash did not disturb the runs"
