#include "core/metrics/metric_sums.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"

namespace convoy {

std::vector<NamedMetric> named_metrics(const std::vector<MetricChoice>& choices) {
  std::vector<NamedMetric> metrics;
  for (const MetricChoice& choice : choices) {
    const auto same = std::count_if(choices.data(), &choice,
                                    [&](const MetricChoice& earlier) { return earlier.name() == choice.name(); });
    metrics.push_back(
        {same == 0 ? std::string(choice.name()) : fmt::format("{}_{}", choice.name(), same + 1), &*choice});
  }
  return metrics;
}

MetricSums::MetricSums(std::vector<NamedMetric> metrics, const MetricShape& shape) : metrics_(std::move(metrics)) {
  for (const NamedMetric& m : metrics_) {
    if (const std::string complaint = m.metric->complaint(shape); !complaint.empty())
      throw ConfigError(fmt::format("evaluate.metrics: {} {}; leave it out", m.name, complaint));
    counts_.push_back(m.metric->sums(shape));
    size_ += counts_.back();
  }
}

void MetricSums::add(const MetricRow& row, std::span<double> sums) const {
  size_t begin = 0;
  for (size_t i = 0; i < metrics_.size(); begin += counts_[i++])
    metrics_[i].metric->add(row, sums.subspan(begin, counts_[i]));
}

NamedValues MetricSums::values(std::span<const double> sums) const {
  NamedValues values;
  size_t begin = 0;
  for (size_t i = 0; i < metrics_.size(); begin += counts_[i++])
    values.emplace_back(metrics_[i].name, metrics_[i].metric->value(sums.subspan(begin, counts_[i])));
  return values;
}

}  // namespace convoy
