// The area under the curve of true over false positives: how often a row of a class has a higher score for it than a
// row of another class, equal scores counting half.
#pragma once

#include "core/metrics/class_metrics.h"

namespace convoy {

// Two classes: of class 1. More: the mean over classes, each against the rest, of those that some rows have and some do
// not. NaN where there is none. The score of a class is the logarithm of its odds in f64: it has the order of the
// probability that scikit-learn's roc_auc_score is given, and keeps apart what rounds to a probability of 1.
//
// The area is no function of a few sums: of every row are kept its class and its logits, 4 (1 + logits) bytes, on each
// rank.
struct Auc final : Metric {
  void describe(Keys&) override {}
  std::unique_ptr<Metric> clone() const override { return std::make_unique<Auc>(*this); }
  std::string complaint(const MetricShape& shape) const override { return complaint_of_few_classes(shape); }
  bool more_is_better() const override { return true; }
  size_t sums(const MetricShape&) const override { return 0; }
  void add(const MetricRow&, std::span<double>) const override {}
  size_t kept(const MetricShape& shape) const override { return 1 + static_cast<size_t>(shape.numbers); }
  void keep(const MetricRow& row, std::span<float> kept) const override;
  MetricAnswer answer(const MetricTotals& totals) const override;
};

}  // namespace convoy
