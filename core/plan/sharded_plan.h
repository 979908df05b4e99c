// What sharded parameters add to a plan: memory in the arena for the weights that are gathered and for the gradients
// that are reduced, alive only as long as they are needed, and the actions that fill it.
//
// Weights of a bucket are gathered ahead of use, while the bucket before is worked on, and let go after use; they stay
// where they are needed again after at most one other bucket, as the last block's are between forward and backward. A
// bucket's gradients live until compute has waited for their reduction (kReductionsUnderWay).
#pragma once

#include "core/plan/plan.h"

namespace convoy {

// Before the plan's buffers are laid out. Does nothing for stages that keep everything in storage.
void add_weight_gathers(Plan& plan, const Graph& graph, int number, const PlannedGroup& group);

}  // namespace convoy
