#include "core/metrics/metric_sums.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"

namespace convoy {
namespace {

// "f1", or of one of its classes "f1_setosa".
std::string full_name(const std::string& metric, const std::string& behind) {
  return behind.empty() ? metric : metric + "_" + behind;
}

}  // namespace

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

MetricSums::MetricSums(std::vector<NamedMetric> metrics, MetricShape shape) : shape_(std::move(shape)) {
  for (NamedMetric& m : metrics) {
    if (const std::string complaint = m.metric->complaint(shape_); !complaint.empty())
      throw ConfigError(fmt::format("evaluate.metrics: {} {}; leave it out", m.name, complaint));
    const size_t sums = m.metric->sums(shape_), kept = m.metric->kept(shape_);
    parts_.push_back({std::move(m), sums, kept});
    size_ += sums, kept_ += kept;
  }
}

void MetricSums::add(const MetricRow& row, std::span<double> sums, std::span<float> kept) const {
  for (const Part& part : parts_) {
    part.metric.metric->add(row, sums.first(part.sums));
    if (part.kept > 0) part.metric.metric->keep(row, kept.first(part.kept));
    sums = sums.subspan(part.sums), kept = kept.subspan(part.kept);
  }
}

MetricValues MetricSums::values(std::span<const double> sums, std::span<const float> kept) const {
  MetricValues values;
  size_t first_kept = 0;
  for (const Part& part : parts_) {
    MetricAnswer answer =
        part.metric.metric->answer({shape_, sums.first(part.sums), {kept, kept_, first_kept, part.kept}});
    for (auto& [behind, value] : answer.numbers)
      values.numbers.emplace_back(full_name(part.metric.name, behind), value);
    if (answer.matrix) values.matrices.emplace_back(part.metric.name, std::move(*answer.matrix));
    sums = sums.subspan(part.sums), first_kept += part.kept;
  }
  return values;
}

std::vector<std::pair<std::string, bool>> MetricSums::numbers() const {
  std::vector<std::pair<std::string, bool>> numbers;
  for (const Part& part : parts_) {
    const std::vector<double> none(part.sums);
    for (const auto& [behind, value] : part.metric.metric->answer({shape_, none, {}}).numbers)
      numbers.emplace_back(full_name(part.metric.name, behind), part.metric.metric->more_is_better());
  }
  return numbers;
}

}  // namespace convoy
