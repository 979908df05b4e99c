// The sum over ranks of one bucket of gradients: over those that shard with each other, whose shards it splits into,
// then of each shard over the groups of ranks that have it. In the order of the fixed tree (comm/tree_exchange.h), or
// in the library's where that need not be kept.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "comm/tree_exchange.h"
#include "core/train/gradient_sync.h"

namespace convoy {

// Does the tree decide the sum? A bf16 wire has no other way.
bool keeps_order(const GradientSyncPlan& plan);

class BucketReduction {
 public:
  // Everything happens on the communication stream. plan: its buckets are all that will come; they decide the memory.
  // replicas: see GradientSyncMaker.
  BucketReduction(const GradientSyncPlan& plan, Communication& communication, const LeveledGroup* replicas);

  static size_t bytes(const GradientSyncPlan& plan);
  // Of a run over all buckets, by one rank.
  static size_t sent_bytes(const GradientSyncPlan& plan);

  // Enqueues the bucket's sum.
  void run(const GradientBucket& bucket);

 private:
  void sum_plainly(const GradientBucket& bucket);

  Stream& stream_;
  const LeveledGroup& ranks_;
  const LeveledGroup* const replicas_;
  std::optional<TreeExchange> within_, over_groups_;
  Memory memory_;  // of both; without them where the library puts a shard's sum
};

}  // namespace convoy
