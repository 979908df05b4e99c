// One action of a plan: its tensors, and the call of its layer.
#pragma once

#include "core/graph/graph.h"
#include "core/plan/plan.h"

namespace convoy {

struct BoundAction {
  ActionKind kind = ActionKind::forward;
  int node = -1;
  const Layer* layer = nullptr;
  LayerTensors tensors;
  Tensor scratch;
  int64_t final_from = 0;
};

// Enqueues the action, or measures its scratch if pass.measuring. Sets pass.scratch and pass.recompute.
void run_action(Pass& pass, const BoundAction& action);

}  // namespace convoy
