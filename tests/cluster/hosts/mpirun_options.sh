# shellcheck shell=bash
# To be sourced. mpirun_options: what makes mpirun reach the hosts of up.sh through agent.sh, and its ranks each other
# through their network alone.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck disable=SC2034  # for who sources this
mpirun_options=(--mca plm rsh --mca plm_rsh_agent "$here/agent.sh" --mca plm_rsh_no_tree_spawn 1 --leave-session-attached
  --mca oob_tcp_if_include 10.0.0.0/24 --mca btl_tcp_if_include 10.0.0.0/24 --mca btl self,vader,tcp --mca pml ob1
  --bind-to none)
