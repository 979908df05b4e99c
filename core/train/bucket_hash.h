// A hash of one micro-batch's gradients, taken bucket by bucket as they become final.
#pragma once

#include <string>
#include <vector>

#include "core/comm/communication.h"
#include "core/train/gradient_sync.h"

namespace convoy {

class BucketHash {
 public:
  // buckets: the GradientSync's. Allocates host memory for the largest.
  BucketHash(Communication& communication, std::vector<GradientBucket> buckets);
  static size_t planned_bytes(int64_t largest_bucket) { return static_cast<size_t>(largest_bucket) * sizeof(float); }

  void begin();
  // All gradients at or above this element are final once compute has done what is enqueued so far. Waits for it where
  // that completes a bucket.
  void add(int64_t final_from);
  // After add(0): 32 digits, equal for equal bits.
  std::string hex() const;

 private:
  Communication& communication_;
  const std::vector<GradientBucket> buckets_;
  Memory on_host_;
  size_t next_ = 0;
  std::string hashes_;  // of the buckets so far
};

}  // namespace convoy
