// The sum over ranks of one bucket of gradients, in the order of the fixed tree: an all-to-all of shards, TreeSum by
// each shard's owner, an all-gather. Moves the bytes of a reduce-scatter and an all-gather.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "comm/gradient_buckets.h"
#include "core/comm/communicator.h"
#include "core/device/device.h"

namespace convoy {

class ShardExchange {
 public:
  // stream: where everything happens. buckets: all that will come; they decide the memory.
  ShardExchange(Device& device, Stream& stream, Communicator& communicator, const Tensor& gradients, DType wire,
                const std::vector<Bucket>& buckets);

  static size_t bytes(const std::vector<Bucket>& buckets, int ranks, DType wire);

  // Enqueues the bucket's sum, which replaces this rank's values in the gradients.
  void run(const Bucket& bucket);

 private:
  void sum_in_place(const Tensor& bucket);
  void sum_through_wire(const Tensor& bucket);

  Device& device_;
  Stream& stream_;
  Communicator& communicator_;
  const Tensor gradients_;
  const DType wire_;
  Memory received_, staged_, sum_;
  std::vector<std::unique_ptr<RegisteredMemory>> registered_;
};

}  // namespace convoy
