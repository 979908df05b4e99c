// Mean loss and metrics over a split or a fixed part of it, the same for any number of ranks. Targets that are ignored
// weigh nothing; a last micro-batch that the split does not fill counts with what it has.
#pragma once

#include <span>

#include "core/comm/communicator.h"
#include "core/data/batch_source.h"
#include "core/metrics/metric_sums.h"
#include "core/metrics/training_events.h"
#include "core/train/model.h"

namespace convoy {

class Evaluator {
 public:
  struct Parts {
    Device& device;
    Communicator& communicator;  // of the data axis
    Stream& compute;
    Model& model;
    BatchSource& source;
    int64_t micro_batch = 1;
    int64_t batches = 0;  // in all, spread evenly over the split; 0, or more than there are: all of it
    Split split = Split::validation;
    std::vector<NamedMetric> metrics = {};
  };
  // Throws DataError if the split is empty, ConfigError if a metric has no value for such a model.
  explicit Evaluator(const Parts& parts);
  // fields: a micro-batch.
  static MemoryUse planned_memory(std::span<const Tensor> fields, const std::vector<NamedMetric>& metrics,
                                  const Graph& graph);

  // Reads once what this rank's part of every run reads, so that damaged data shows before training begins.
  void read_all();
  // Collective. Batch i is computed by rank i mod N; sums are added in the order of batches. Ranks without a batch in
  // the last round compute one again, since sharded weights are gathered by all.
  EvaluationMetrics run(int64_t step);

 private:
  // Of a batch, or of all: losses, weights, then those of the metrics.
  using Sums = std::vector<double>;

  int64_t first_sample(int64_t batch) const { return batch * stride_ * p_.micro_batch; }
  void read(int64_t batch);
  void prepare_metrics();
  Sums sums_of(int64_t batch);
  void add_metrics(Sums& sums);

  Parts p_;
  int64_t samples_ = 0, batches_ = 0, stride_ = 1;  // stride: micro-batches from one that is evaluated to the next
  int64_t present_ = 0;                             // samples of the batch that was read; copies fill the rest
  std::vector<Tensor> inputs_, host_;
  Memory host_memory_, sums_, sums_on_host_;
  MetricSums metrics_;
  std::vector<Tensor> rows_, rows_on_host_;  // losses, weights and, where metrics read them, predictions and targets
  Memory rows_memory_;
};

}  // namespace convoy
