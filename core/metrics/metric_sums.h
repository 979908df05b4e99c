// The sums of several metrics side by side, as an evaluation adds them up.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/metrics/metric.h"

namespace convoy {

using NamedValues = std::vector<std::pair<std::string, double>>;

struct NamedMetric {
  std::string name;
  const Metric* metric;
};

// By the names of their kinds; of several of one kind the later ones get a number. The choices outlive the result.
std::vector<NamedMetric> named_metrics(const std::vector<MetricChoice>& choices);

class MetricSums {
 public:
  MetricSums() = default;
  // Metrics outlive this. Throws ConfigError, naming it, if one has no value for such rows.
  MetricSums(std::vector<NamedMetric> metrics, const MetricShape& shape);

  size_t size() const { return size_; }  // of the sums of all
  // A row into `sums`, size() of them.
  void add(const MetricRow& row, std::span<double> sums) const;
  NamedValues values(std::span<const double> sums) const;

 private:
  std::vector<NamedMetric> metrics_;
  std::vector<size_t> counts_;  // of each one's sums
  size_t size_ = 0;
};

}  // namespace convoy
