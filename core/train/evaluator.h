// Mean loss over a fixed part of the validation split, the same for any number of ranks.
#pragma once

#include "core/comm/communicator.h"
#include "core/data/batch_source.h"
#include "core/metrics/training_events.h"
#include "core/plan/shard_traffic.h"
#include "core/train/model.h"

namespace convoy {

class Evaluator {
 public:
  struct Parts {
    Device& device;
    Communicator& communicator;
    Stream& compute;
    Model& model;
    BatchSource& source;
    int64_t micro_batch = 1;
    int64_t batches = 1;              // in all, spread evenly over the split; fewer if the split is small
    ShardTraffic* traffic = nullptr;  // where the model's weights are sharded
  };
  // Throws DataError if the validation split has not even one micro-batch.
  explicit Evaluator(const Parts& parts);
  static constexpr size_t kPlannedBytes = sizeof(float);

  // Reads once what this rank's part of every run reads, so that damaged data shows before training begins.
  void read_all();
  // Collective. Batch i is computed by rank i mod N; losses are added in the order of batches. Ranks without a batch in
  // the last round compute one again, since sharded weights are gathered by all.
  EvaluationMetrics run(int64_t step);

 private:
  double loss_of(int64_t first_sample);

  Parts p_;
  int64_t batches_ = 0, spacing_ = 0;
  std::vector<Tensor> inputs_, host_;
  Memory host_memory_, sum_, sum_on_host_;
};

}  // namespace convoy
