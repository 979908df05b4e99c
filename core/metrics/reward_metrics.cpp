#include "core/metrics/reward_metrics.h"

namespace convoy {

std::string RewardMetric::complaint(const MetricShape& shape) const {
  return shape.pairs ? "" : "is of preference pairs, of which the loss dpo learns";
}

void RewardMetric::add(const MetricRow& row, std::span<double> sums) const {
  sums[0] += of_pair(static_cast<double>(row.rewards[0]), static_cast<double>(row.rewards[1]));
  sums[1] += 1;
}

}  // namespace convoy
