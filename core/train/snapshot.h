// Between device memory and checkpoints.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/checkpoint/checkpoint.h"
#include "core/comm/communication.h"
#include "core/train/group_snapshot.h"
#include "core/train/model.h"
#include "core/train/weight_files.h"

namespace convoy {

// Who takes a snapshot: among all groups of ranks. Those after the first group have nothing to write but, of a model
// that takes several files, some of those.
struct SnapshotRank {
  int rank = 0, ranks = 1;
  int64_t file_bytes = INT64_MAX;  // of weights in one file, at the most
};

// Host views of this rank's part of the training state (group_snapshot.h), of all groups of parameters.
class Snapshot {
 public:
  // model: outlives this; gathered weights pass through its arena, free between steps. optimizer: its name.
  Snapshot(Communication& communication, Model& model, std::string_view optimizer, const SnapshotRank& rank);

  // What it allocates on the host once it has been taken.
  static size_t planned_bytes(const ModelPlan& model, DeviceKind device, const SnapshotRank& rank);
  // take(), without memory.
  static CheckpointContents planned_contents(const ModelPlan& model, const SnapshotRank& rank);

  // Collective. Waits for compute. Valid until the next step changes the state.
  CheckpointContents take();

 private:
  Communication& communication_;
  const Model& model_;
  const std::string optimizer_;
  const WeightFiles files_;
  std::vector<GroupSnapshot> groups_;  // those that are trained, then what is frozen and saved
};

}  // namespace convoy
