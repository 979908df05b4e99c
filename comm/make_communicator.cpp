#include "comm/make_communicator.h"

#include "comm/blocking_communicator.h"
#include "comm/local/local_communicator.h"
#include "comm/mpi/launch_environment.h"
#include "comm/mpi/mpi_communicator.h"
#include "comm/nccl/nccl_communicator.h"
#include "core/base/files.h"
#include "core/base/logging.h"
#include "core/comm/work_together.h"

namespace convoy {
namespace {

// Ends MPI before it throws: an exception that meets a living world aborts the job in its own words.
void require_no_mismatch(const mpi::LaunchEnvironment& launch, std::unique_ptr<Communicator>& world) {
  const std::string mismatch = mpi::launch_mismatch(launch, world ? world->size() : 0);
  if (mismatch.empty()) return;
  world.reset();
  throw ConfigError(mismatch);
}

}  // namespace

std::unique_ptr<Communicator> make_communicator(const CommunicatorOptions& options) {
  const mpi::LaunchEnvironment launch = mpi::launch_environment();
  const bool started_alone = launch.launcher == mpi::Launcher::none || launch.size == 1;
  if (options.kind == CommunicatorKind::local || (options.kind == CommunicatorKind::automatic && started_alone))
    return make_local_communicator();
  std::unique_ptr<Communicator> world;
  require_no_mismatch(launch, world);
  world = mpi::make_mpi_communicator(options.timeout_s);
  if (launch.launcher != mpi::Launcher::none) require_no_mismatch(launch, world);
  return world;
}

void watch_for_hangs(Communicator& world, const std::filesystem::path& run_folder, double timeout_s) {
  auto* const watched = dynamic_cast<BlockingCommunicator*>(&world);
  hang::HangWatch* const watch = watched == nullptr ? nullptr : watched->hang_watch();
  if (watch == nullptr || timeout_s <= 0) return;
  try {
    watch->begin(world, {.run_folder = run_folder, .timeout_s = timeout_s});
  } catch (const FileError& error) {
    logging::warn("a collective that hangs will be told without the ranks of this machine: {}", error.what());
  }
}

std::unique_ptr<Communicator> make_device_communicator(Communicator& host, const DeviceCommunicatorOptions& options) {
  if (options.device == DeviceKind::cpu || host.size() == 1) return nullptr;
  return nccl::make_nccl_communicator(host, {options.cuda_ordinal, options.timeout_s});
}

}  // namespace convoy
