// What an evaluation reads of a pass beside the sum of its losses: every row's loss and weight, where these are more
// than counts or anybody wants them, and, where a metric wants them or samples are small, predictions and targets,
// copied once.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/device/device.h"
#include "core/metrics/metric_sums.h"
#include "core/plan/program.h"
#include "core/train/worst_samples.h"

namespace convoy {

struct EvaluationWishes {
  std::vector<NamedMetric> metrics = {};
  std::vector<std::string> class_names = {};  // where targets are classes
  int64_t worst = 0;                          // samples of the largest losses to be told; 0: none
};

class EvaluatedRows {
 public:
  // Throws ConfigError if a metric has no value for such a model.
  EvaluatedRows(Device& device, const Program& program, const EvaluationWishes& wishes);
  static size_t planned_bytes(const Graph& graph, const EvaluationWishes& wishes);

  const MetricSums& metrics() const { return metrics_; }
  WorstSamples worst() const;
  int64_t rows_per_batch() const { return rows_per_batch_; }

  // When the copies are there: how many rows of the first `samples` samples count. Absent: as many as they weigh.
  std::optional<int64_t> count(int64_t samples) const;
  // Enqueues the copies of a pass.
  void copy(Stream& stream) const;
  // When they are there: tells the metrics the rows of the first `samples` of them whose targets count, in their order;
  // `kept` grows. first_sample: its number in the split. Throws DataError if a target is no class.
  void tell(int64_t first_sample, int64_t samples, std::span<double> sums, std::vector<float>& kept,
            WorstSamples& worst) const;

 private:
  MetricRow row(int64_t number) const;
  void tell_worst(int64_t sample, int64_t of_batch, WorstSamples& worst) const;
  void check_class(const MetricRow& row, int64_t sample) const;
  bool has_predictions() const;

  bool weighs_rows_ = false, pairs_ = false;
  int64_t samples_per_batch_ = 0, rows_per_batch_ = 0;
  size_t classes_ = 0;
  MetricSums metrics_;
  WorstSamples::Sizes worst_;
  std::vector<Tensor> on_device_, on_host_;  // losses, weights; predictions, targets, or rewards of pairs
  Memory memory_;
  mutable std::vector<float> prediction_space_, target_space_;
};

}  // namespace convoy
