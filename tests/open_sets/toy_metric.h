// A metric of our own: the share of predictions within a distance of their targets.
#pragma once

#include <cmath>

#include "core/metrics/metric.h"

namespace convoy::test {

struct Within final : MetricOfSums {
  double distance = 1;
  void describe(Keys& keys) override { keys("distance", distance, "", "that still counts", Allowed::from(0, 100)); }
  std::unique_ptr<Metric> clone() const override { return std::make_unique<Within>(*this); }
  std::string complaint(const MetricShape& shape) const override {
    return shape.numbers == 1 ? "" : "wants one number";
  }
  bool more_is_better() const override { return true; }
  size_t sums(const MetricShape&) const override { return 2; }
  void add(const MetricRow& row, std::span<double> sums) const override {
    sums[0] += std::abs(static_cast<double>(row.prediction[0] - row.target[0])) <= distance ? 1 : 0;
    sums[1] += 1;
  }
  double value(std::span<const double> sums) const override { return sums[0] / sums[1]; }
};

}  // namespace convoy::test
