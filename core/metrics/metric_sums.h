// Several metrics side by side, as an evaluation adds them up.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/metrics/metric.h"

namespace convoy {

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
  MetricSums(std::vector<NamedMetric> metrics, MetricShape shape);

  size_t size() const { return size_; }  // of the sums of all
  size_t kept() const { return kept_; }  // numbers of each row that are kept
  // A row into `sums`, size() of them, and `kept`, that many.
  void add(const MetricRow& row, std::span<double> sums, std::span<float> kept) const;
  // kept: of all rows.
  MetricValues values(std::span<const double> sums, std::span<const float> kept) const;
  // Of the numbers that there are: their names, and whether more is better.
  std::vector<std::pair<std::string, bool>> numbers() const;

 private:
  struct Part {
    NamedMetric metric;
    size_t sums, kept;  // how many
  };
  std::vector<Part> parts_;
  MetricShape shape_;
  size_t size_ = 0, kept_ = 0;
};

}  // namespace convoy
