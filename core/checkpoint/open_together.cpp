#include "core/checkpoint/open_together.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/base/logging.h"
#include "core/checkpoint/checkpoint_folder.h"
#include "core/comm/fail_together.h"
#include "core/comm/work_together.h"

namespace convoy {
namespace {

// The first good one of what rank 0 names, with a warning for each that is not; null: none is.
std::unique_ptr<CheckpointReader> first_good(Communicator& communicator,
                                             const std::vector<std::filesystem::path>& candidates, double limit_s) {
  uint64_t count = candidates.size();
  communicator.broadcast_host(&count, sizeof count, 0);
  for (uint64_t i = 0; i < count; ++i) try {
      return open_together(communicator, i < candidates.size() ? candidates[i] : std::filesystem::path(), true,
                           limit_s);
    } catch (const Error& error) {
      if (error.code() != ExitCode::bad_checkpoint) throw;
      if (communicator.rank() == 0) warn_of_skipped(candidates[i], error.what());
    }
  return nullptr;
}

std::vector<std::filesystem::path> newest_first(const std::vector<std::pair<int64_t, std::filesystem::path>>& found,
                                                const DamagedCheckpoints& damaged) {
  std::vector<std::filesystem::path> paths;
  for (const auto& [step, path] : found)
    if (!damaged.contains(path)) paths.push_back(path);
  std::ranges::reverse(paths);
  return paths;
}

}  // namespace

void warn_of_skipped(const std::filesystem::path& checkpoint, std::string_view why) {
  logging::warn("checkpoint {} is skipped: {}", checkpoint.filename().string(), why);
}

std::unique_ptr<CheckpointReader> open_together(Communicator& communicator, const std::filesystem::path& folder,
                                                bool verify, double limit_s) {
  const bool first = communicator.rank() == 0;
  std::unique_ptr<CheckpointReader> reader;
  std::string path = folder.string(), head;
  work_together(communicator, {fmt::format("opening {}", path), limit_s, {}}, [&] {
    if (!first) return;
    reader = std::make_unique<CheckpointReader>(folder, false);
    head = reader->head();
  });
  path = communicator.broadcast_text(path, 0);
  head = communicator.broadcast_text(std::move(head), 0);
  if (!first) reader = std::make_unique<CheckpointReader>(path, head);
  if (verify)
    work_together(communicator, {fmt::format("verifying {}", path), limit_s, {}},
                  [&] { reader->verify_share(communicator.rank(), communicator.size()); });
  return reader;
}

std::unique_ptr<CheckpointReader> find_together(Communicator& communicator, const std::filesystem::path& checkpoints,
                                                double limit_s, const DamagedCheckpoints& damaged) {
  std::vector<std::filesystem::path> candidates;
  work_together(communicator, {fmt::format("listing {}", checkpoints.string()), limit_s, {}}, [&] {
    if (communicator.rank() == 0) candidates = newest_first(list_checkpoints(checkpoints), damaged);
  });
  std::unique_ptr<CheckpointReader> found = first_good(communicator, candidates, limit_s);
  uint64_t count = candidates.size() + damaged.size();
  communicator.broadcast_host(&count, sizeof count, 0);
  if (found != nullptr || count == 0) return found;
  throw SharedError(ExitCode::bad_checkpoint, all_damaged(checkpoints, count));
}

std::unique_ptr<CheckpointReader> find_rollback_point_together(Communicator& communicator,
                                                               const std::filesystem::path& checkpoints, int64_t step,
                                                               int64_t spike_step, double limit_s,
                                                               const DamagedCheckpoints& damaged) {
  std::vector<std::filesystem::path> candidates;
  work_together(communicator, {fmt::format("listing {}", checkpoints.string()), limit_s, {}}, [&] {
    if (communicator.rank() == 0)
      candidates = newest_first(rollback_candidates(checkpoints, step, spike_step), damaged);
  });
  std::unique_ptr<CheckpointReader> found = first_good(communicator, candidates, limit_s);
  if (found == nullptr) throw SharedError(ExitCode::bad_checkpoint, no_rollback_point(checkpoints, step));
  if (communicator.rank() == 0) warn_of_stand_in(*found, step);
  return found;
}

}  // namespace convoy
