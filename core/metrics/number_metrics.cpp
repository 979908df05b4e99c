#include "core/metrics/number_metrics.h"

#include <cmath>

namespace convoy {

void Perplexity::add(const MetricRow& row, std::span<double> sums) const {
  sums[0] += row.loss;
  sums[1] += row.weight;
}

double Perplexity::value(std::span<const double> sums) const { return std::exp(sums[0] / sums[1]); }

std::string NumberMetric::complaint(const MetricShape& shape) const {
  if (shape.numbers == 0) return "compares predictions with targets, and this family gives none";
  return shape.targets == DType::i32 ? "is of numbers, and the targets are classes" : "";
}

void MeanAbsoluteError::add(const MetricRow& row, std::span<double> sums) const {
  for (size_t i = 0; i < row.target.size(); ++i)
    sums[0] += std::abs(static_cast<double>(row.prediction[i]) - static_cast<double>(row.target[i]));
  sums[1] += static_cast<double>(row.target.size());
}

double MeanAbsoluteError::value(std::span<const double> sums) const { return sums[0] / sums[1]; }

void RootMeanSquaredError::add(const MetricRow& row, std::span<double> sums) const {
  for (size_t i = 0; i < row.target.size(); ++i) {
    const double error = static_cast<double>(row.prediction[i]) - static_cast<double>(row.target[i]);
    sums[0] += error * error;
  }
  sums[1] += static_cast<double>(row.target.size());
}

double RootMeanSquaredError::value(std::span<const double> sums) const { return std::sqrt(sums[0] / sums[1]); }

// Sums of errors^2, targets, targets^2 and how many.
void R2::add(const MetricRow& row, std::span<double> sums) const {
  for (size_t i = 0; i < row.target.size(); ++i) {
    const double target = static_cast<double>(row.target[i]);
    const double error = static_cast<double>(row.prediction[i]) - target;
    sums[0] += error * error;
    sums[1] += target;
    sums[2] += target * target;
    sums[3] += 1;
  }
}

double R2::value(std::span<const double> sums) const {
  const double spread = sums[2] - sums[1] * sums[1] / sums[3];
  if (spread <= 0) return sums[0] == 0 ? 1 : 0;
  return 1 - sums[0] / spread;
}

}  // namespace convoy
