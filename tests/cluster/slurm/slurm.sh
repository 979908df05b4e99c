# shellcheck shell=bash
# A real Slurm of one controller and two nodes on this machine; to be sourced. Needs root, slurm-wlm, munge, iproute2.
#   slurm_up FOLDER     starts it, all its files in FOLDER; afterwards sbatch, squeue and others speak to it
#   on_controller ...   runs a command on the controller's host, where a user would log in
#   node_crash N        the power of node N (1 or 2) goes off: nothing on it lives on, and Slurm is told
#   node_boot N         it comes back
#   slurm_down          ends it, whatever state it is in
# The three are hosts of tests/cluster/hosts, named after this process: several clusters may stand side by side.
hosts_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../hosts" && pwd)
slurm_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
slurm_name=slurm$$ slurm_folder=

# missing_for_slurm: prints what is not there, if anything.
missing_for_slurm() {
  local program
  ((EUID == 0)) || echo "root"
  for program in slurmctld slurmd sbatch srun munged ip unshare; do
    command -v "$program" >/dev/null || echo "$program"
  done
  # A container may have root and still not this.
  "$hosts_dir/up.sh" "$slurm_name" 1 >/dev/null 2>&1 || echo "network namespaces"
  "$hosts_dir/down.sh" "$slurm_name" >/dev/null 2>&1 || true
}

on_controller() { ip netns exec "$slurm_name-1" "$@"; }

slurm_up() {
  slurm_folder=$1
  mkdir -p "$slurm_folder"/{state,spool-node1,spool-node2,tmp-node1,tmp-node2}
  sed "s#@FOLDER@#$slurm_folder#g; s#@NAME@#$slurm_name#g" "$slurm_dir/slurm.conf.in" >"$slurm_folder/slurm.conf"
  echo "CgroupPlugin=cgroup/v1" >"$slurm_folder/cgroup.conf" # unused; Slurm wants to know a version
  export SLURM_CONF=$slurm_folder/slurm.conf
  "$hosts_dir/up.sh" "$slurm_name" 3
  start_munge
  on_host 1 slurmctld -i
  node_boot 1
  node_boot 2
  await 20 "the nodes to be idle" nodes_are_idle
}

# Credentials: one daemon, reached through its socket from all hosts.
start_munge() {
  local at=$slurm_folder/munge
  (umask 077 && head -c 1024 /dev/urandom >"$at.key")
  munged --force --key-file="$at.key" --socket="$at.sock" --pid-file="$at.pid" --log-file="$at.log" --seed-file="$at.seed"
}

# on_host I COMMAND...: with the host's own name, network and shared memory.
on_host() {
  local host=$slurm_name-$1
  shift
  ip netns exec "$host" unshare --uts --ipc --mount bash -c \
    'hostname "$0" && mount -t tmpfs tmpfs /dev/shm && exec "$@"' "$host" "$@"
}

nodes_are_idle() { [[ $(on_controller sinfo --noheader --states=idle --format=%D) == 2 ]]; }

node_boot() {
  # What a power cut leaves behind: Slurm's PMIx plugin refuses a step whose folder or socket is there already.
  rm -rf "$slurm_folder/tmp-node$1"/* "$slurm_folder/spool-node$1"/{pmix,stepd}.*
  on_host $(($1 + 1)) slurmd -N "node$1"
}
node_crash() {
  local pid
  for pid in $(ip netns pids "$slurm_name-$(($1 + 1))"); do kill -9 "$pid" 2>/dev/null || true; done
  # By itself Slurm takes its time to notice. A cluster's monitoring tells it at once.
  on_controller scontrol update "NodeName=node$1" State=DOWN Reason=power
}

# await SECONDS WHAT COMMAND...: until the command succeeds
await() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@"; do
    ((SECONDS < deadline)) || { echo "waited in vain for $what" >&2; return 1; }
    sleep 0.2
  done
}

slurm_down() {
  [[ -n $slurm_folder ]] || return 0
  local pid
  pid=$(cat "$slurm_folder/munge.pid" 2>/dev/null) && kill "$pid" 2>/dev/null || true
  "$hosts_dir/down.sh" "$slurm_name" || true
}

# slow_network RATE, quick_network: what a node sends takes a while, so that a small run lasts long enough to be disturbed.
slow_network() {
  local i
  for i in 2 3; do
    ip netns exec "$slurm_name-$i" tc qdisc add dev eth0 root tbf rate "$1" burst 128kb latency 1s || return
  done
}
quick_network() {
  local i
  for i in 2 3; do ip netns exec "$slurm_name-$i" tc qdisc del dev eth0 root; done
}
