#include "launcher/train/resume_point.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/checkpoint/checkpoint_folder.h"
#include "launcher/config/validate.h"
#include "launcher/run_folder.h"

namespace convoy {
namespace {

std::string newest_checkpoint(const Config& config) {
  const RunPaths paths(config.run.dir);
  remove_unfinished_checkpoints(paths.checkpoints());
  const auto found = find_checkpoint(paths.checkpoints());
  if (!found) return std::string();
  name_latest(*found);
  name_best(paths.checkpoints(), CheckpointReader(*found, false).position());
  return found->string();
}

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

std::unique_ptr<CheckpointReader> find_resume_point(const Config& config, Communicator& communicator) {
  const bool first = communicator.rank() == 0;
  const std::string path = communicator.broadcast_text(first ? newest_checkpoint(config) : std::string(), 0);
  if (path.empty()) return nullptr;
  auto checkpoint = std::make_unique<CheckpointReader>(path, false);  // rank 0 has verified it
  check_same_run(config, *checkpoint);
  return checkpoint;
}

int64_t resolve_virtual_ranks(const Config& config, const CheckpointReader* checkpoint, int ranks) {
  const int64_t V = checkpoint != nullptr ? checkpoint->position().virtual_ranks : virtual_ranks(config, ranks);
  check_ranks(config, V, ranks);
  return V;
}

}  // namespace convoy
