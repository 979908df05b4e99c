// Between device memory and checkpoints.
#pragma once

#include <vector>

#include "core/checkpoint/checkpoint.h"
#include "core/comm/communication.h"
#include "core/train/model.h"

namespace convoy {

// Host views of this rank's part of the training state: rank 0 has the weights, every rank the optimizer state of the
// shards it owns or, where every rank has all of it, of an even range. On a CPU device these are the device's own
// memory where it has them in one piece; otherwise pinned copies, allocated once.
class Snapshot {
 public:
  // arena: the model's, free between steps; gathered weights pass through it.
  // world_rank: among all groups; those after the first have nothing to write.
  Snapshot(Communication& communication, ParameterStorage& parameters, const Tensor& arena, int world_rank);

  // Collective. Waits for compute. Valid until the next step changes the state.
  CheckpointContents take();

 private:
  OptimizerShard optimizer();
  const void* weights();
  void gather_weights(std::byte* to);
  const void* on_host(const Tensor& tensor, size_t slot);
  void* slot(size_t slot, size_t bytes);

  Communication& communication_;
  ParameterStorage& parameters_;
  const Tensor arena_;
  const bool first_rank_;
  int64_t total_ = 0;
  OptimizerShard shard_;  // without its arrays
  int64_t first_ = 0;     // of the arrays, in the state's own
  std::vector<Memory> copies_;
};

// Fills weights, master weights and moments from a checkpoint. Throws CheckpointError if it is of another model.
void restore_training(const CheckpointReader& checkpoint, Device& device, Stream& compute,
                      ParameterStorage& parameters);

// Weights alone, for eval and generate; any stored dtype.
void restore_weights(const CheckpointReader& checkpoint, Device& device, Stream& compute, ParameterStorage& parameters);

}  // namespace convoy
