#include "comm/make_communicator.h"

#include "comm/local/local_communicator.h"
#include "comm/mpi/launch_environment.h"
#include "comm/mpi/mpi_communicator.h"

namespace convoy {
namespace {

void require_no_mismatch(const mpi::LaunchEnvironment& launch, int world_size) {
  const std::string mismatch = mpi::launch_mismatch(launch, world_size);
  if (!mismatch.empty()) throw ConfigError(mismatch);
}

}  // namespace

std::unique_ptr<Communicator> make_communicator(const CommunicatorOptions& options) {
  const mpi::LaunchEnvironment launch = mpi::launch_environment();
  const bool started_alone = launch.launcher == mpi::Launcher::none || launch.size == 1;
  if (options.kind == CommunicatorKind::local || (options.kind == CommunicatorKind::automatic && started_alone))
    return make_local_communicator();
  require_no_mismatch(launch, 0);
  auto world = mpi::make_mpi_communicator(options.timeout_s);
  if (launch.launcher != mpi::Launcher::none) require_no_mismatch(launch, world->size());
  return world;
}

}  // namespace convoy
