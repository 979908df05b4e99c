// What a program asks for while it runs over sharded weights. core/train implements it over a communicator.
#pragma once

#include "core/tensor/tensor.h"

namespace convoy {

class ShardedWeights {
 public:
  virtual ~ShardedWeights() = default;
  // Enqueues that all ranks' shards of a group's bucket come together in `to`, behind compute's work so far.
  virtual void gather(int group, int bucket, const Tensor& to) = 0;
  // The compute stream goes on once they are there.
  virtual void await(int group, int bucket) = 0;
};

}  // namespace convoy
