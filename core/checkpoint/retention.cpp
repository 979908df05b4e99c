#include "core/checkpoint/retention.h"

#include <algorithm>

namespace convoy {
namespace {

// One for each evaluation, best first.
std::vector<CheckpointFacts> by_evaluation(const std::vector<CheckpointFacts>& checkpoints) {
  std::vector<CheckpointFacts> best;
  std::set<int64_t> seen;
  for (const CheckpointFacts& c : checkpoints)
    if (c.evaluation && seen.insert(c.evaluation->step).second) best.push_back(c);
  std::sort(best.begin(), best.end(), [](const CheckpointFacts& a, const CheckpointFacts& b) {
    const double first = a.evaluation->compared(), second = b.evaluation->compared();
    return first != second ? first < second : a.step > b.step;
  });
  return best;
}

}  // namespace

std::set<int64_t> checkpoints_to_keep(const std::vector<CheckpointFacts>& checkpoints, const Retention& retention) {
  std::set<int64_t> keep;
  const size_t count = checkpoints.size();
  const size_t last = retention.keep_last <= 0 ? count : std::min(count, static_cast<size_t>(retention.keep_last));
  for (size_t i = count - last; i < count; ++i) keep.insert(checkpoints[i].step);
  if (retention.keep_every > 0)
    for (const CheckpointFacts& c : checkpoints)
      if (c.step % retention.keep_every == 0) keep.insert(c.step);
  const std::vector<CheckpointFacts> best = by_evaluation(checkpoints);
  for (size_t i = 0; i < best.size() && static_cast<int64_t>(i) < retention.keep_best; ++i) keep.insert(best[i].step);
  return keep;
}

}  // namespace convoy
