#include "core/metrics/class_metrics.h"

#include <algorithm>

namespace convoy {
namespace {

size_t predicted_class(const MetricRow& row) {
  return static_cast<size_t>(std::max_element(row.prediction.begin(), row.prediction.end()) - row.prediction.begin());
}

}  // namespace

std::string ClassMetric::complaint(const MetricShape& shape) const {
  if (shape.numbers == 0) return "compares predictions with targets, and this family gives none";
  return shape.targets != DType::i32 ? "is of classes, and the targets are numbers" : "";
}

void Accuracy::add(const MetricRow& row, std::span<double> sums) const {
  sums[0] += predicted_class(row) == static_cast<size_t>(row.target_class) ? 1 : 0;
  sums[1] += 1;
}

double Accuracy::value(std::span<const double> sums) const { return sums[0] / sums[1]; }

void F1::describe(Keys& keys) {
  keys("average", average, "",
       "binary: of class 1; macro: the mean over classes that occur; auto: binary where there are two classes");
}

// Of each class: rightly predicted, wrongly predicted, missed.
void F1::add(const MetricRow& row, std::span<double> sums) const {
  const size_t predicted = predicted_class(row), wanted = static_cast<size_t>(row.target_class);
  if (predicted == wanted) {
    sums[3 * wanted] += 1;
    return;
  }
  sums[3 * predicted + 1] += 1;
  sums[3 * wanted + 2] += 1;
}

double F1::value(std::span<const double> sums) const {
  const size_t classes = sums.size() / 3;
  const bool binary = average == F1Average::binary || (average == F1Average::automatic && classes == 2);
  double total = 0, occurring = 0;
  for (size_t c = binary ? 1 : 0; c < (binary ? std::min<size_t>(2, classes) : classes); ++c) {
    const double hits = sums[3 * c], others = sums[3 * c + 1] + sums[3 * c + 2];
    if (hits + others == 0) continue;
    occurring += 1;
    total += 2 * hits / (2 * hits + others);
  }
  return occurring == 0 ? 0 : total / occurring;
}

}  // namespace convoy
