// Between device memory and checkpoints.
#pragma once

#include <string>
#include <string_view>
#include <utility>
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
  // optimizer: its name.
  // arena: the model's, free between steps; gathered weights pass through it.
  // world_rank: among all groups; those after the first have nothing to write.
  Snapshot(Communication& communication, ParameterStorage& parameters, std::string_view optimizer, const Tensor& arena,
           int world_rank);

  // What it allocates on the host once it has been taken.
  static size_t planned_bytes(const ModelPlan& model, DeviceKind device, int world_rank);
  // take(), without memory.
  static CheckpointContents planned_contents(const ModelPlan& model, int world_rank);

  // Collective. Waits for compute. Valid until the next step changes the state.
  CheckpointContents take();

 private:
  StateShard states();
  const void* weights();
  void gather_weights(std::byte* to);
  const void* on_host(const Tensor& tensor, size_t slot);
  void* slot(size_t slot, size_t bytes);

  Communication& communication_;
  ParameterStorage& parameters_;
  const std::string optimizer_;
  const Tensor arena_;
  const bool first_rank_;
  std::vector<std::pair<std::string, Tensor>> states_;  // master weights, the optimizer's, each compact
  StateShard shard_;                                    // without its arrays
  int64_t first_ = 0;                                   // of the arrays, in the state's own
  std::vector<Memory> copies_;                          // of the states, and of the weights
};

// Fills weights, master weights and the optimizer's states from a checkpoint. Throws CheckpointError if it is of
// another model or optimizer.
void restore_training(const CheckpointReader& checkpoint, std::string_view optimizer, Device& device, Stream& compute,
                      ParameterStorage& parameters);

// Weights alone, for eval and generate; any stored dtype. Their moving average where the run kept one.
void restore_weights(const CheckpointReader& checkpoint, Device& device, Stream& compute, ParameterStorage& parameters);

}  // namespace convoy
