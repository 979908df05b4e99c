// GradientSync over f32 gradients: buckets that are reduced while backward runs.
//
// Inside a rank its virtual ranks are added by a binary counter of buffers on the compute stream; across ranks each
// bucket's shards are exchanged level by level (core/comm/levels.h), added by TreeSum on their owners and, unless every
// rank keeps only its own, gathered back, on the communication stream. Where groups of ranks shard apart, owners of the
// same shard then add theirs likewise. Everything is allocated at construction, through the device.
//
// Without `reproducible` a rank's virtual ranks accumulate in place, and the library reduces in whatever order suits
// it: less memory, but other bits for another number of ranks. A bf16 wire is exchanged in the order of the tree either
// way.
#pragma once

#include "core/train/gradient_sync.h"

namespace convoy {

// Throws ConfigError on an impossible plan, as where the ranks cannot compute the tree over the virtual ranks
// (comm/reduction_tree.h).
GradientSyncCost gradient_sync_cost(const GradientSyncPlan& plan);

// communication: its communicator is that of the ranks that shard with each other. replicas: GradientSyncMaker's.
std::unique_ptr<GradientSync> make_gradient_sync(const GradientSyncPlan& plan, Communication& communication,
                                                 const LeveledGroup* replicas = nullptr);

// Both, for a Trainer.
GradientSyncMaker gradient_sync_maker();

}  // namespace convoy
