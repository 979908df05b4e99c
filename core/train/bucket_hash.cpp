#include "core/train/bucket_hash.h"

#include <algorithm>

#include "core/base/checksum.h"

namespace convoy {

BucketHash::BucketHash(Communication& communication, std::vector<GradientBucket> buckets)
    : communication_(communication), buckets_(std::move(buckets)) {
  int64_t most = 0;
  for (const GradientBucket& bucket : buckets_) most = std::max(most, bucket.elements());
  on_host_ = communication.device().allocate(planned_bytes(most), MemoryKind::host);
}

void BucketHash::begin() {
  next_ = 0;
  hashes_.clear();
}

void BucketHash::add(int64_t final_from) {
  Stream& compute = communication_.compute();
  for (; next_ < buckets_.size() && buckets_[next_].begin >= final_from; ++next_) {
    const auto bytes = static_cast<size_t>(buckets_[next_].elements()) * sizeof(float);
    compute.copy(on_host_.data(), buckets_[next_].values.data, bytes);
    compute.synchronize();
    hashes_ += checksum_of(std::span(static_cast<const std::byte*>(on_host_.data()), bytes));
  }
}

std::string BucketHash::hex() const { return checksum_of(hashes_); }

}  // namespace convoy
