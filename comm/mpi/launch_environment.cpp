#include "comm/mpi/launch_environment.h"

#include <fmt/format.h>

#include <cstdlib>

#include "comm/mpi/mpi_communicator.h"

namespace convoy::mpi {
namespace {

int number(const std::string& text) {
  const long value = std::strtol(text.c_str(), nullptr, 10);
  return value > 0 ? static_cast<int>(value) : 0;
}

}  // namespace

std::optional<std::string> environment_variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) return std::nullopt;
  return value;
}

LaunchEnvironment launch_environment(const GetVariable& get) {
  const auto value_of = [&](const char* name) {
    const auto text = get(name);
    return text ? number(*text) : 0;
  };
  const auto from = [&](Launcher launcher, const char* evidence, const char* size,
                        const char* rank) -> LaunchEnvironment {
    return {launcher, value_of(size), value_of(rank), fmt::format("{}={}", evidence, *get(evidence))};
  };
  if (get("OMPI_COMM_WORLD_SIZE"))
    return from(Launcher::open_mpi, "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK");
  // Slurm's step variables are set by srun only: in a batch script outside of srun they are absent.
  if (get("PMIX_RANK")) return from(Launcher::pmix, "PMIX_RANK", "SLURM_STEP_NUM_TASKS", "PMIX_RANK");
  if (get("PMI_SIZE")) return from(Launcher::pmi, "PMI_SIZE", "PMI_SIZE", "PMI_RANK");
  if (get("PMI_RANK")) return from(Launcher::pmi, "PMI_RANK", "SLURM_STEP_NUM_TASKS", "PMI_RANK");
  if (get("SLURM_STEP_NUM_TASKS") && get("SLURM_PROCID"))
    return from(Launcher::slurm, "SLURM_STEP_NUM_TASKS", "SLURM_STEP_NUM_TASKS", "SLURM_PROCID");
  return {};
}

std::string name_of(Launcher launcher) {
  switch (launcher) {
    case Launcher::none:
      return "no launcher";
    case Launcher::open_mpi:
      return "mpirun of Open MPI";
    case Launcher::pmix:
      return "a launcher with PMIx";
    case Launcher::pmi:
      return "a launcher with PMI (mpirun of MPICH or Intel MPI, or srun --mpi=pmi2)";
    case Launcher::slurm:
      return "srun without an interface for MPI";
  }
  return "an unknown launcher";
}

std::string launch_mismatch(const LaunchEnvironment& launch, int world_size) {
  const bool surely_alone = launch.launcher == Launcher::slurm && launch.size > 1;
  if (surely_alone)
    return fmt::format(
        "srun started {} processes ({}) without an interface through which MPI could join them. Start them with srun "
        "--mpi=pmix, or with mpirun inside of sbatch or salloc",
        launch.size, launch.evidence);
  if (world_size == 0 || launch.size == 0 || launch.size == world_size) return {};
  return fmt::format(
      "{} processes were started by {} ({}), but MPI sees a world of {}: the launcher belongs to another MPI than this "
      "program, which uses {}. Start it with that MPI's own mpirun (`mpirun --version` tells which one is first on the "
      "PATH), or with srun --mpi=pmix",
      launch.size, name_of(launch.launcher), launch.evidence, world_size, mpi_library_version());
}

}  // namespace convoy::mpi
