// The sum over ranks of one bucket of gradients, in the order of the fixed tree: an all-to-all of shards, TreeSum by
// each shard's owner and, unless every rank keeps only its own, an all-gather. Moves the bytes of a reduce-scatter, and
// of the all-gather.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/comm/communication.h"
#include "core/train/gradient_sync.h"

namespace convoy {

class BucketReduction {
 public:
  // Everything happens on the communication stream. buckets: all that will come; they decide the memory.
  // replicas: see GradientSyncMaker.
  BucketReduction(Communication& communication, Communicator* replicas, DType wire,
                  const std::vector<GradientBucket>& buckets);

  static size_t bytes(const std::vector<GradientBucket>& buckets, int ranks, int groups, DType wire);
  // Of a run over all buckets, by one rank.
  static size_t sent_bytes(const std::vector<GradientBucket>& buckets, int ranks, int groups, DType wire);

  // Enqueues the bucket's sum.
  void run(const GradientBucket& bucket);

 private:
  void sum_directly(const GradientBucket& bucket);
  void sum_through_wire(const GradientBucket& bucket);
  void sum_over_groups(const Tensor& sum);

  Device& device_;
  Stream& stream_;
  Communicator& communicator_;
  Communicator* const replicas_;
  const DType wire_;
  Memory received_, staged_, sum_, of_groups_;
  std::vector<std::unique_ptr<RegisteredMemory>> registered_;
};

}  // namespace convoy
