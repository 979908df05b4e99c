// Mean loss and metrics over a split or a fixed part of it, the same for any number of ranks. Targets that are ignored
// weigh nothing; a last micro-batch that the split does not fill counts with what it has.
#pragma once

#include <span>
#include <vector>

#include "core/comm/communicator.h"
#include "core/data/batch_source.h"
#include "core/metrics/training_events.h"
#include "core/train/evaluated_rows.h"
#include "core/train/model.h"

namespace convoy {

// What is evaluated.
struct EvaluationRange {
  Split split = Split::validation;
  int64_t batches = 0;  // in all, spread evenly over the split; 0, or more than there are: all of it
};

class Evaluator {
 public:
  struct Parts {
    Device& device;
    Communicator& communicator;  // of the data axis
    Stream& compute;
    Model& model;
    BatchSource& source;
    int64_t micro_batch = 1;
    EvaluationWishes wishes = {};
  };
  // Throws ConfigError if a metric has no value for such a model.
  explicit Evaluator(const Parts& parts);
  // fields: a micro-batch.
  static MemoryUse planned_memory(std::span<const Tensor> fields, const EvaluationWishes& wishes, const Graph& graph);

  // Reads once what this rank's part of such an evaluation reads, so that damaged data shows before training begins.
  void read_all(const EvaluationRange& range);
  // Opens the split where it is read first, which may take long.
  void read_first(Split split);
  // Collective. Batch i is computed by rank i mod N; sums are added in the order of batches. Ranks without a batch in
  // the last round compute one again, since sharded weights are gathered by all. Throws DataError if the split is
  // empty.
  EvaluationMetrics run(int64_t step, const EvaluationRange& range);

  // Names of the numbers that metrics give, and whether more is better.
  std::vector<std::pair<std::string, bool>> numbers() const { return rows_.metrics().numbers(); }

 private:
  // The micro-batches of a range.
  struct Batches {
    Split split;
    int64_t samples, count, stride;  // stride: micro-batches from one that is evaluated to the next
    int64_t first_sample(int64_t batch, int64_t micro_batch) const { return batch * stride * micro_batch; }
  };
  // Of a batch: losses, weights and those of the metrics; then what metrics keep of its rows.
  struct Result {
    std::vector<double> sums;
    std::vector<float> kept;
  };

  Batches batches_of(const EvaluationRange& range) const;
  int64_t rounds(const Batches& batches) const;
  int64_t batch_of_round(int64_t round) const;  // this rank's; beyond the last it has none
  int64_t read(const Batches& batches, int64_t batch);
  Result compute(const Batches& batches, int64_t batch, WorstSamples& worst);
  std::vector<std::byte> pack(const Result& result) const;
  Result unpack(std::span<const std::byte> packed) const;

  Parts p_;
  std::vector<Tensor> inputs_, host_;
  Memory host_memory_, sums_, sums_on_host_;
  EvaluatedRows rows_;
};

}  // namespace convoy
