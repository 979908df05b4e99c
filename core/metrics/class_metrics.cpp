#include "core/metrics/class_metrics.h"

#include <fmt/format.h>

#include <algorithm>

namespace convoy {

std::string complaint_of_classes(const MetricShape& shape) {
  if (shape.numbers == 0) return "compares predictions with targets, and this family gives none";
  return shape.targets != DType::i32 ? "is of classes, and the targets are numbers" : "";
}

std::string complaint_of_few_classes(const MetricShape& shape) {
  if (std::string complaint = complaint_of_classes(shape); !complaint.empty()) return complaint;
  if (shape.classes() <= kMostClasses) return "";
  return fmt::format("is of at most {} classes, and there are {}", kMostClasses, shape.classes());
}

size_t predicted_class(const MetricRow& row) {
  if (row.prediction.size() == 1) return row.prediction[0] > 0 ? 1 : 0;
  return static_cast<size_t>(std::max_element(row.prediction.begin(), row.prediction.end()) - row.prediction.begin());
}

void Accuracy::add(const MetricRow& row, std::span<double> sums) const {
  const bool right = row.rewards.empty() ? predicted_class(row) == static_cast<size_t>(row.target_class)
                                         : row.rewards[0] > row.rewards[1];
  sums[0] += right ? 1 : 0;
  sums[1] += 1;
}

void TopK::describe(Keys& keys) { keys("k", k, "classes", "that may hold the wanted one", Allowed::from(1, 1e6)); }

void TopK::add(const MetricRow& row, std::span<double> sums) const {
  const auto wanted = static_cast<size_t>(row.target_class);
  sums[1] += 1;
  if (row.prediction.size() <= 2) {
    sums[0] += k > 1 || predicted_class(row) == wanted ? 1 : 0;
    return;
  }
  const float logit = row.prediction[wanted];
  int64_t before = 0;
  for (size_t c = 0; c < row.prediction.size(); ++c)
    before += row.prediction[c] > logit || (row.prediction[c] == logit && c > wanted) ? 1 : 0;
  sums[0] += before < k ? 1 : 0;
}

}  // namespace convoy
