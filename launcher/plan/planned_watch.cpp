#include "launcher/plan/planned_watch.h"

#include <algorithm>
#include <vector>

#include "comm/hang/node_summary.h"
#include "comm/hang/watched_job.h"
#include "core/base/integers.h"

namespace convoy {
namespace {

size_t summary_bytes(int ranks) {
  hang::RankState fullest;
  for (hang::LaneState& lane : fullest.lanes) lane.name = "a lane";
  hang::NodeSummary summary;
  summary.ranks.assign(static_cast<size_t>(ranks), {fullest, hang::Life::beating});
  return pack(summary).size();
}

}  // namespace

std::optional<PlannedWatch> planned_watch(int ranks, int ranks_per_node, double timeout_s) {
  if (ranks == 1 || timeout_s == 0) return std::nullopt;
  hang::WatchedJob job{.options = {.run_folder = {}, .timeout_s = timeout_s}, .machines = {}, .board = nullptr};
  job.machines.all.clear();
  for (int rank = 0; rank < ranks; rank += ranks_per_node) job.machines.all.push_back(rank);
  PlannedWatch watch{.machines = static_cast<int>(job.machines.all.size()), .patience_s = job.patience().count()};
  if (!job.several()) return watch;
  watch.write_every_s = job.calm_period().count();
  watch.summary_bytes = summary_bytes(std::min(ranks, ranks_per_node));
  watch.opens = watch.machines - 1;
  return watch;
}

}  // namespace convoy
