#include "comm/mpi/launch_environment.h"

#include <gtest/gtest.h>
#include <mpi.h>

#include <map>
#include <string>

#include "comm/make_communicator.h"
#include "comm/mpi/mpi_communicator.h"

namespace convoy::mpi {
namespace {

LaunchEnvironment launched_with(const std::map<std::string, std::string>& variables) {
  return launch_environment([&](const char* name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  });
}

TEST(LaunchEnvironment, TellsLaunchersApart) {
  const auto none = launched_with({});
  EXPECT_EQ(none.launcher, Launcher::none);
  EXPECT_EQ(none.size, 1);
  // A batch script of Slurm, outside of srun: one process, however many tasks the job may have.
  EXPECT_EQ(launched_with({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "4"}}).launcher, Launcher::none);

  const auto open_mpi = launched_with({{"OMPI_COMM_WORLD_SIZE", "4"}, {"PMIX_RANK", "1"}, {"SLURM_PROCID", "0"}});
  EXPECT_EQ(open_mpi.launcher, Launcher::open_mpi);
  EXPECT_EQ(open_mpi.size, 4);
  EXPECT_EQ(open_mpi.evidence, "OMPI_COMM_WORLD_SIZE=4");

  const std::map<std::string, std::string> srun = {{"SLURM_PROCID", "1"}, {"SLURM_STEP_NUM_TASKS", "2"}};
  EXPECT_EQ(launched_with(srun).launcher, Launcher::slurm);
  EXPECT_EQ(launched_with(srun).size, 2);
  auto with_pmix = srun;
  with_pmix["PMIX_RANK"] = "1";
  EXPECT_EQ(launched_with(with_pmix).launcher, Launcher::pmix);
  EXPECT_EQ(launched_with(with_pmix).size, 2);
  EXPECT_EQ(launched_with({{"PMI_RANK", "2"}, {"PMI_SIZE", "3"}}).launcher, Launcher::pmi);
  EXPECT_EQ(launched_with({{"PMI_RANK", "2"}, {"PMI_SIZE", "3"}}).size, 3);
}

TEST(LaunchMismatch, NamesProcessesThatDoNotFindEachOther) {
  const LaunchEnvironment hydra{Launcher::pmi, 4, 0, "PMI_SIZE=4"};
  EXPECT_EQ(launch_mismatch(hydra, 4), "");
  EXPECT_EQ(launch_mismatch(hydra, 0), "");  // only MPI can tell
  const std::string text = launch_mismatch(hydra, 1);
  EXPECT_NE(text.find("4 processes were started by a launcher with PMI"), std::string::npos) << text;
  EXPECT_NE(text.find("MPI sees a world of 1"), std::string::npos) << text;
  EXPECT_NE(text.find(mpi_library_version()), std::string::npos) << text;

  const std::string bare_srun = launch_mismatch({Launcher::slurm, 2, 1, "SLURM_STEP_NUM_TASKS=2"}, 0);
  EXPECT_NE(bare_srun.find("srun --mpi=pmix"), std::string::npos) << bare_srun;
  EXPECT_EQ(launch_mismatch({Launcher::slurm, 1, 0, "SLURM_STEP_NUM_TASKS=1"}, 0), "");
  EXPECT_EQ(launch_mismatch({Launcher::pmix, 0, 0, "PMIX_RANK=0"}, 3), "");
}

TEST(MakeCommunicator, ASingleProcessStartsNoMpi) {
  const auto alone = make_communicator();
  EXPECT_EQ(alone->size(), 1);
  int initialized = 1;
  ASSERT_EQ(MPI_Initialized(&initialized), MPI_SUCCESS);
  EXPECT_FALSE(initialized);
}

}  // namespace
}  // namespace convoy::mpi
