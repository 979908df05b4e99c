// How good predictions are: sums over the rows of a split, then a function of the sums. Sums are in f64 and come
// together by a fixed tree, so that a metric is exact over the whole split and the same for any number of ranks.
//
// To add one: a class here, and a line in kinds.cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "core/config/kind.h"
#include "core/tensor/dtype.h"

namespace convoy {

// What a row is: one loss, with what the model predicted there and what was wanted.
struct MetricRow {
  std::span<const float> prediction;  // numbers, or a logit of each class; empty where the metric reads none
  std::span<const float> target;      // numbers; empty where targets are classes
  int32_t target_class = -1;          // that is wanted
  double loss = 0;
};

// Of all rows.
struct MetricShape {
  int64_t numbers = 0;         // in a row of predictions; 0: the model gives none
  DType targets = DType::f32;  // i32: classes
};

class Metric {
 public:
  virtual ~Metric() = default;
  virtual void describe(Keys& keys) = 0;
  virtual std::unique_ptr<Metric> clone() const = 0;

  // Why it has no value for such rows: "is of classes, ..."; empty: it has.
  virtual std::string complaint(const MetricShape& shape) const = 0;
  virtual bool reads_predictions() const { return true; }
  // How many sums there are.
  virtual size_t sums(const MetricShape& shape) const = 0;
  // Rows whose target is ignored are not told.
  virtual void add(const MetricRow& row, std::span<double> sums) const = 0;
  virtual double value(std::span<const double> sums) const = 0;
};

using MetricKind = KindOf<Metric>;
using MetricChoice = ChoiceOf<Metric>;

}  // namespace convoy
