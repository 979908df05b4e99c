// How good predictions are: sums over the rows of a split, then a function of the sums. Sums are in f64 and come
// together by a fixed tree, so that a metric is exact over the whole split and the same for any number of ranks. What
// is no function of sums keeps a few numbers of every row, which come together in the order of the split.
//
// To add one: a class here, and a line in metric_kinds.cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/config/kind.h"
#include "core/metrics/metric_values.h"
#include "core/tensor/dtype.h"

namespace convoy {

// What a row is: one loss, with what the model predicted there and what was wanted.
struct MetricRow {
  // Numbers, or a logit of each class; one number where targets are classes is the logit of class 1, and that of class
  // 0 is 0. Empty where the metric reads none.
  std::span<const float> prediction;
  std::span<const float> target;   // numbers; empty where targets are classes
  int32_t target_class = -1;       // that is wanted
  std::span<const float> rewards;  // of a preference pair's chosen and rejected answer; empty where rows are no pairs
  double loss = 0, weight = 1;     // the mean loss is the sum of losses over that of weights
};

// Of all rows.
struct MetricShape {
  int64_t numbers = 0;                        // in a row of predictions; 0: the model gives none
  DType targets = DType::f32;                 // i32: classes
  std::vector<std::string> class_names = {};  // of 0, 1, 2, ...; may be fewer than there are
  bool pairs = false;                         // rows are preference pairs, which have rewards

  size_t classes() const { return numbers == 1 ? 2 : static_cast<size_t>(numbers); }
  std::string class_name(size_t c) const { return c < class_names.size() ? class_names[c] : std::to_string(c); }
};

// What a metric kept of every row, in their order.
struct KeptRows {
  std::span<const float> all;  // of all metrics, row by row
  size_t stride = 0, first = 0, width = 0;

  size_t size() const { return width == 0 ? 0 : all.size() / stride; }
  std::span<const float> operator[](size_t row) const { return all.subspan(row * stride + first, width); }
};

struct MetricTotals {
  const MetricShape& shape;
  std::span<const double> sums;
  KeptRows kept;
};

struct MetricAnswer {
  NamedValues numbers;  // each with what stands behind the metric's name: "setosa"; "": nothing
  std::optional<Matrix> matrix = {};
};

class Metric {
 public:
  virtual ~Metric() = default;
  virtual void describe(Keys& keys) = 0;
  virtual std::unique_ptr<Metric> clone() const = 0;

  // Why it has no value for such rows: "is of classes, ..."; empty: it has.
  virtual std::string complaint(const MetricShape& shape) const = 0;
  virtual bool reads_predictions() const { return true; }
  virtual bool more_is_better() const = 0;
  // How many sums there are.
  virtual size_t sums(const MetricShape& shape) const = 0;
  // Rows whose target is ignored are not told.
  virtual void add(const MetricRow& row, std::span<double> sums) const = 0;
  // How many numbers of each row it keeps besides: 4 bytes each, on every rank.
  virtual size_t kept(const MetricShape&) const { return 0; }
  virtual void keep(const MetricRow&, std::span<float>) const {}
  // The names follow from the shape alone.
  virtual MetricAnswer answer(const MetricTotals& totals) const = 0;
};

// Of one number, a function of the sums.
class MetricOfSums : public Metric {
 public:
  virtual double value(std::span<const double> sums) const = 0;
  MetricAnswer answer(const MetricTotals& totals) const final { return {{{"", value(totals.sums)}}}; }
};

using MetricKind = KindOf<Metric>;
using MetricChoice = ChoiceOf<Metric>;

}  // namespace convoy
