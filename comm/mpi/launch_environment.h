// Who started this process, as far as its environment tells: read before MPI_Init, and compared with MPI's world after.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace convoy::mpi {

enum class Launcher {
  none,      // a single process
  open_mpi,  // mpirun of Open MPI
  pmix,      // another launcher that speaks PMIx, such as srun --mpi=pmix
  pmi,       // one that speaks PMI: mpirun of MPICH or Intel MPI, srun --mpi=pmi2
  slurm,     // srun --mpi=none: processes that MPI cannot join
};

struct LaunchEnvironment {
  Launcher launcher = Launcher::none;
  int size = 1;          // number of processes that the launcher says it started; 0: it does not say
  int rank = 0;          // of this process among them
  std::string evidence;  // "OMPI_COMM_WORLD_SIZE=4"; empty for none
};

using GetVariable = std::function<std::optional<std::string>(const char* name)>;
std::optional<std::string> environment_variable(const char* name);

LaunchEnvironment launch_environment(const GetVariable& get = environment_variable);
std::string name_of(Launcher launcher);

// Empty, or found, wanted and remedy, if the processes that the launcher started do not find each other: each then
// believes to be the only one. world_size: what MPI says; 0: MPI is not started yet.
std::string launch_mismatch(const LaunchEnvironment& launch, int world_size);

}  // namespace convoy::mpi
