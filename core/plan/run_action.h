// One action of a plan: its tensors, and the call of its layer.
#pragma once

#include "core/graph/graph.h"
#include "core/plan/plan.h"

namespace convoy {

struct BoundAction {
  ActionKind kind = ActionKind::forward;
  int node = -1;
  bool for_own_backward = false;  // as Action has it
  const Layer* layer = nullptr;   // null where node is -1
  LayerTensors tensors;
  Tensor scratch;
  std::vector<int64_t> final_from;  // as Action has it
  int group = -1, bucket = -1;
  Tensor bucket_memory;

  // Does it communicate, so that it cannot be part of recorded work?
  bool communicates() const { return kind == ActionKind::gather_weights || kind == ActionKind::await_weights; }
};

class ShardedWeights;

// Enqueues the action, or measures its scratch if pass.measuring. Sets pass.scratch and pass.recompute. sharded:
// present where the action gathers weights.
void run_action(Pass& pass, const BoundAction& action, ShardedWeights* sharded = nullptr);

}  // namespace convoy
