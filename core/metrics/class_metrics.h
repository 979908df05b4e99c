// Metrics of classes: what is predicted is the class with the largest logit, the first of equals.
#pragma once

#include <array>
#include <utility>

#include "core/metrics/metric.h"

namespace convoy {

struct ClassMetric : Metric {
  void describe(Keys&) override {}
  std::string complaint(const MetricShape& shape) const override;
};

struct Accuracy final : ClassMetric {
  std::unique_ptr<Metric> clone() const override { return std::make_unique<Accuracy>(*this); }
  size_t sums(const MetricShape&) const override { return 2; }
  void add(const MetricRow& row, std::span<double> sums) const override;
  double value(std::span<const double> sums) const override;
};

enum class F1Average { automatic, binary, macro };
constexpr auto enum_names(F1Average) {
  return std::array{std::pair{std::string_view("auto"), F1Average::automatic},
                    std::pair{std::string_view("binary"), F1Average::binary},
                    std::pair{std::string_view("macro"), F1Average::macro}};
}

// 2 tp / (2 tp + fp + fn) of a class; 0 where it is neither wanted nor predicted, as scikit-learn has it.
struct F1 final : ClassMetric {
  F1Average average = F1Average::automatic;
  void describe(Keys& keys) override;
  std::unique_ptr<Metric> clone() const override { return std::make_unique<F1>(*this); }
  size_t sums(const MetricShape& shape) const override { return 3 * static_cast<size_t>(shape.numbers); }
  void add(const MetricRow& row, std::span<double> sums) const override;
  double value(std::span<const double> sums) const override;
};

}  // namespace convoy
