#include "core/train/bucket_hash.h"

#include <algorithm>

#include "core/base/checksum.h"

namespace convoy {

BucketHash::BucketHash(Communication& communication, Buckets buckets)
    : communication_(communication), buckets_(std::move(buckets)) {
  int64_t most = 0;
  for (const auto& group : buckets_)
    for (const GradientBucket& bucket : group) most = std::max(most, bucket.elements());
  on_host_ = communication.device().allocate(planned_bytes(most), MemoryKind::host);
}

void BucketHash::begin() {
  next_.assign(buckets_.size(), 0);
  hashes_.assign(buckets_.size(), "");
}

void BucketHash::add(const std::vector<int64_t>& final_from) {
  Stream& compute = communication_.compute();
  for (size_t g = 0; g < buckets_.size(); ++g)
    for (; next_[g] < buckets_[g].size() && buckets_[g][next_[g]].begin >= final_from[g]; ++next_[g]) {
      const GradientBucket& bucket = buckets_[g][next_[g]];
      const auto bytes = static_cast<size_t>(bucket.elements()) * sizeof(float);
      compute.copy(on_host_.data(), bucket.values.data, bytes);
      compute.synchronize();
      hashes_[g] += checksum_of(std::span(static_cast<const std::byte*>(on_host_.data()), bytes));
    }
}

// Group by group: in which order groups became final says nothing of their bits.
std::string BucketHash::hex() const {
  std::string all;
  for (const std::string& hashes : hashes_) all += hashes;
  return checksum_of(all);
}

}  // namespace convoy
