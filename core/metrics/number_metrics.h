// Metrics of losses and of predicted numbers. Where a row has several numbers, each counts as one.
#pragma once

#include "core/metrics/metric.h"

namespace convoy {

// exp(mean loss).
struct Perplexity final : MetricOfSums {
  void describe(Keys&) override {}
  std::unique_ptr<Metric> clone() const override { return std::make_unique<Perplexity>(*this); }
  std::string complaint(const MetricShape&) const override { return {}; }
  bool reads_predictions() const override { return false; }
  bool more_is_better() const override { return false; }
  size_t sums(const MetricShape&) const override { return 2; }
  void add(const MetricRow& row, std::span<double> sums) const override;
  double value(std::span<const double> sums) const override;
};

// What they have in common: targets are numbers.
struct NumberMetric : MetricOfSums {
  void describe(Keys&) override {}
  std::string complaint(const MetricShape& shape) const override;
  bool more_is_better() const override { return false; }
};

// mean |prediction - target|
struct MeanAbsoluteError final : NumberMetric {
  std::unique_ptr<Metric> clone() const override { return std::make_unique<MeanAbsoluteError>(*this); }
  size_t sums(const MetricShape&) const override { return 2; }
  void add(const MetricRow& row, std::span<double> sums) const override;
  double value(std::span<const double> sums) const override;
};

// sqrt(mean (prediction - target)^2)
struct RootMeanSquaredError final : NumberMetric {
  std::unique_ptr<Metric> clone() const override { return std::make_unique<RootMeanSquaredError>(*this); }
  size_t sums(const MetricShape&) const override { return 2; }
  void add(const MetricRow& row, std::span<double> sums) const override;
  double value(std::span<const double> sums) const override;
};

// 1 - sum (prediction - target)^2 / sum (target - mean target)^2, the coefficient of determination; 0 where all targets
// are equal and some prediction is not, as scikit-learn has it.
struct R2 final : NumberMetric {
  std::unique_ptr<Metric> clone() const override { return std::make_unique<R2>(*this); }
  bool more_is_better() const override { return true; }
  size_t sums(const MetricShape&) const override { return 4; }
  void add(const MetricRow& row, std::span<double> sums) const override;
  double value(std::span<const double> sums) const override;
};

}  // namespace convoy
