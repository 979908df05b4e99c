// A hash of one micro-batch's gradients, taken bucket by bucket as they become final.
#pragma once

#include <string>
#include <vector>

#include "core/comm/communication.h"
#include "core/train/gradient_sync.h"

namespace convoy {

class BucketHash {
 public:
  // buckets: of each group, its GradientSync's. Allocates host memory for the largest.
  using Buckets = std::vector<std::vector<GradientBucket>>;
  BucketHash(Communication& communication, Buckets buckets);
  static size_t planned_bytes(int64_t largest_bucket) { return static_cast<size_t>(largest_bucket) * sizeof(float); }

  void begin();
  // All gradients of each group at or above this element are final once compute has done what is enqueued so far. Waits
  // for it where that completes a bucket.
  void add(const std::vector<int64_t>& final_from);
  // After add() of zeros: 32 digits, equal for equal bits.
  std::string hex() const;

 private:
  Communication& communication_;
  const Buckets buckets_;
  Memory on_host_;
  std::vector<size_t> next_;         // bucket of each group
  std::vector<std::string> hashes_;  // of each group's buckets so far
};

}  // namespace convoy
