#include "launcher/train/resume_point.h"

#include <fmt/format.h>

#include <filesystem>
#include <functional>

#include "core/base/error.h"
#include "core/checkpoint/checkpoint_folder.h"
#include "core/checkpoint/open_together.h"
#include "core/comm/work_together.h"
#include "launcher/config/validate.h"
#include "launcher/run_folder.h"

namespace convoy {
namespace {

void check_same_run(const Config& config, const CheckpointReader& checkpoint) {
  const TrainingPosition& position = checkpoint.position();
  if (position.seed != config.run.seed)
    throw ConfigError(fmt::format("run.seed = {}, but the run in {} began with {}; take that seed or another run.dir",
                                  config.run.seed, config.run.dir, position.seed));
  const auto& wanted = config.parallel.virtual_ranks.value;
  if (wanted && *wanted != position.virtual_ranks)
    throw ConfigError(fmt::format("parallel.virtual_ranks = {}, but the run in {} began with {}; write {} or auto",
                                  *wanted, config.run.dir, position.virtual_ranks, position.virtual_ranks));
}

}  // namespace

std::unique_ptr<CheckpointReader> find_resume_point(const Config& config, Communicator& communicator,
                                                    const DamagedCheckpoints& damaged) {
  const std::filesystem::path checkpoints = RunPaths(config.run.dir).checkpoints();
  const auto limit_s = static_cast<double>(config.checkpoint.timeout_s);
  const auto in_order = [&](const char* what, const std::function<void()>& work) {
    work_together(communicator, {what, limit_s, {}}, [&] {
      if (communicator.rank() == 0) work();
    });
  };
  in_order("removing what was left half-written", [&] { remove_unfinished_checkpoints(checkpoints); });
  std::unique_ptr<CheckpointReader> checkpoint = find_together(communicator, checkpoints, limit_s, damaged);
  if (checkpoint == nullptr) return nullptr;
  in_order("naming the newest checkpoint", [&] {
    name_latest(checkpoint->folder());
    name_best(checkpoints, checkpoint->position());
  });
  check_same_run(config, *checkpoint);
  return checkpoint;
}

int64_t resolve_virtual_ranks(const Config& config, const CheckpointReader* checkpoint, int ranks) {
  const int64_t V = checkpoint != nullptr ? checkpoint->position().virtual_ranks : virtual_ranks(config, ranks);
  check_ranks(config, V, ranks);
  return V;
}

}  // namespace convoy
