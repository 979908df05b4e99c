# shellcheck shell=sh
# Settings for Open MPI 4 and 5 that every start of ours on one machine wants; to be sourced. What is set already stays.

# Root is refused by default; in a container or a fresh machine there is nobody else.
if [ "$(id -u)" -eq 0 ]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  export PRTE_ALLOW_RUN_AS_ROOT=1 PRTE_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi

# A rank that waits gives its core to one that computes; without it small messages take milliseconds when ranks and
# threads outnumber the cores.
export OMPI_MCA_mpi_yield_when_idle="${OMPI_MCA_mpi_yield_when_idle:-1}"

# More ranks than cores may start (a machine with one core runs two ranks, slowly).
export OMPI_MCA_rmaps_base_oversubscribe="${OMPI_MCA_rmaps_base_oversubscribe:-1}"
export PRTE_MCA_rmaps_default_mapping_policy="${PRTE_MCA_rmaps_default_mapping_policy:-:oversubscribe}"

# Containers usually forbid reading another process's memory; Open MPI 4 would complain at every message.
if [ -e /.dockerenv ] || [ -e /run/.containerenv ]; then
  export OMPI_MCA_btl_vader_single_copy_mechanism="${OMPI_MCA_btl_vader_single_copy_mechanism:-none}"
fi
