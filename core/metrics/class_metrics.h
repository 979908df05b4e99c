// Metrics of classes. What is predicted is the class with the largest logit, the first of equals.
#pragma once

#include "core/metrics/metric.h"

namespace convoy {

// Logits of more classes would make tables and kept rows that nobody can read or hold.
inline constexpr size_t kMostClasses = 1000;

// Why metrics of classes have no value for such rows, or empty.
std::string complaint_of_classes(const MetricShape& shape);
// Also why those do not whose size grows with the square of the classes, or with classes and rows.
std::string complaint_of_few_classes(const MetricShape& shape);

size_t predicted_class(const MetricRow& row);

// Of preference pairs too: those are right whose chosen answer has the larger reward.
struct Accuracy final : MetricOfSums {
  void describe(Keys&) override {}
  std::unique_ptr<Metric> clone() const override { return std::make_unique<Accuracy>(*this); }
  std::string complaint(const MetricShape& shape) const override {
    return shape.pairs ? "" : complaint_of_classes(shape);
  }
  bool more_is_better() const override { return true; }
  size_t sums(const MetricShape&) const override { return 2; }
  void add(const MetricRow& row, std::span<double> sums) const override;
  double value(std::span<const double> sums) const override { return sums[0] / sums[1]; }
};

// The share of rows whose wanted class is among the k with the largest logits. Of equal logits the later class comes
// first, but of two classes class 0, as scikit-learn's top_k_accuracy_score has it.
struct TopK final : MetricOfSums {
  int64_t k = 5;
  void describe(Keys& keys) override;
  std::unique_ptr<Metric> clone() const override { return std::make_unique<TopK>(*this); }
  std::string complaint(const MetricShape& shape) const override { return complaint_of_classes(shape); }
  bool more_is_better() const override { return true; }
  size_t sums(const MetricShape&) const override { return 2; }
  void add(const MetricRow& row, std::span<double> sums) const override;
  double value(std::span<const double> sums) const override { return sums[0] / sums[1]; }
};

}  // namespace convoy
