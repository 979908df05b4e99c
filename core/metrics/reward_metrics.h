// Metrics of preference pairs: of the rewards of their answers, beta (log p - log p of the reference model).
#pragma once

#include "core/metrics/metric.h"

namespace convoy {

// The mean of of_pair() over all pairs.
struct RewardMetric : MetricOfSums {
  void describe(Keys&) override {}
  std::string complaint(const MetricShape& shape) const override;
  bool more_is_better() const override { return true; }
  size_t sums(const MetricShape&) const override { return 2; }
  void add(const MetricRow& row, std::span<double> sums) const override;
  double value(std::span<const double> sums) const override { return sums[0] / sums[1]; }

 protected:
  virtual double of_pair(double chosen, double rejected) const = 0;
};

struct RewardMargin final : RewardMetric {
  std::unique_ptr<Metric> clone() const override { return std::make_unique<RewardMargin>(*this); }
  double of_pair(double chosen, double rejected) const override { return chosen - rejected; }
};

struct ChosenReward final : RewardMetric {
  std::unique_ptr<Metric> clone() const override { return std::make_unique<ChosenReward>(*this); }
  double of_pair(double chosen, double) const override { return chosen; }
};

struct RejectedReward final : RewardMetric {
  std::unique_ptr<Metric> clone() const override { return std::make_unique<RejectedReward>(*this); }
  bool more_is_better() const override { return false; }
  double of_pair(double, double rejected) const override { return rejected; }
};

}  // namespace convoy
