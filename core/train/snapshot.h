// Between device memory and checkpoints.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/checkpoint/checkpoint.h"
#include "core/comm/communication.h"
#include "core/train/group_snapshot.h"
#include "core/train/model.h"

namespace convoy {

// Host views of this rank's part of the training state (group_snapshot.h), of all groups of parameters.
class Snapshot {
 public:
  // model: outlives this; gathered weights pass through its arena, free between steps. optimizer: its name.
  // world_rank: among all groups of ranks; those after the first have nothing to write.
  Snapshot(Communication& communication, Model& model, std::string_view optimizer, int world_rank);

  // What it allocates on the host once it has been taken.
  static size_t planned_bytes(const ModelPlan& model, DeviceKind device, int world_rank);
  // take(), without memory.
  static CheckpointContents planned_contents(const ModelPlan& model, int world_rank);

  // Collective. Waits for compute. Valid until the next step changes the state.
  CheckpointContents take();

 private:
  Communication& communication_;
  const Model& model_;
  const std::string optimizer_;
  const bool first_rank_;
  std::vector<GroupSnapshot> groups_;  // those that are trained, then what is frozen and saved
};

// Fills weights, master weights and the optimizer's states from a checkpoint; what is of the model beneath an adapter
// stays as it is. Throws CheckpointError if it is of another model, optimizer or grouping.
void restore_training(const CheckpointReader& checkpoint, std::string_view optimizer, Device& device, Stream& compute,
                      Model& model);

// What is of the model beneath an adapter, from the checkpoint of that model.
void restore_base(const CheckpointReader& base, Device& device, Stream& compute, Model& model);

// A trained model's checkpoint and, where it has an adapter, that of the model beneath.
struct TrainedWeights {
  const CheckpointReader& checkpoint;
  const CheckpointReader* base = nullptr;
};

// Weights alone, statistics and constants among them, for what does not train; any stored dtype. Their moving average
// where the run kept one.
void restore_weights(const TrainedWeights& trained, Device& device, Stream& compute, ParameterStorage& parameters);
void restore_weights(const TrainedWeights& trained, Device& device, Stream& compute, Model& model);

}  // namespace convoy
