#include "core/parameters/sharding.h"

#include <algorithm>
#include <numeric>

#include "core/base/integers.h"
#include "core/ops/reductions.h"

namespace convoy {

namespace {

int64_t elements_in(int64_t bucket_bytes) { return bucket_bytes / static_cast<int64_t>(sizeof(float)); }

void number_shards(std::vector<Bucket>& buckets, int ranks) {
  int64_t offset = 0;
  for (Bucket& bucket : buckets) {
    bucket.shard = round_up(ceil_div(bucket.elements(), int64_t{ranks}), kSumSquaresBlock);
    bucket.offset = offset;
    offset += bucket.shard;
  }
}

}  // namespace

// Only where a rank keeps its shards must they begin at blocks of the gradient norm.
int64_t layout_unit(const ShardingOptions& options) {
  return options.stage == 0 ? std::lcm(int64_t{options.ranks}, kSumSquaresBlock) : options.ranks * kSumSquaresBlock;
}

std::vector<Bucket> cut_evenly(int64_t elements, const ShardingOptions& options) {
  const int64_t unit = layout_unit(options);
  const int64_t bucket_elements = std::max(elements_in(options.bucket_bytes) / unit, int64_t{1}) * unit;
  std::vector<Bucket> buckets;
  for (int64_t end = elements; end > 0; end = buckets.back().begin)
    buckets.push_back({std::max(end - bucket_elements, int64_t{0}), end});
  number_shards(buckets, options.ranks);
  return buckets;
}

std::vector<Bucket> cut_between_groups(const ParameterLayout& layout, int64_t bucket_bytes, int ranks) {
  const std::vector<int64_t>& starts = layout.group_starts();
  std::vector<Bucket> buckets;
  int64_t end = layout.padded_elements();
  for (size_t i = starts.size(); i-- > 0;) {
    const bool another_fits = i > 0 && end - starts[i - 1] <= elements_in(bucket_bytes);
    if (another_fits) continue;
    buckets.push_back({starts[i], end});
    end = starts[i];
  }
  number_shards(buckets, ranks);
  return buckets;
}

Sharding::Sharding(const ParameterLayout& layout, const ShardingOptions& options)
    : options_(options), stage_(options.ranks > 1 ? options.stage : 0) {
  const int64_t n = layout.padded_elements();
  buckets_ =
      cuts_between_groups() ? cut_between_groups(layout, options.bucket_bytes, options.ranks) : cut_evenly(n, options);
  if (!shards_optimizer()) {
    owned_ = {{0, n, 0}};
    compact_elements_ = n;
    return;
  }
  for (const Bucket& bucket : buckets_) {
    const int64_t begin = std::min(bucket.begin + options.rank * bucket.shard, bucket.end);
    const int64_t end = std::min(begin + bucket.shard, bucket.end);
    if (begin < end) owned_.push_back({begin, end, bucket.offset});
    compact_elements_ += bucket.shard;
  }
}

int Sharding::bucket_of(int64_t element) const {
  const auto found =
      std::find_if(buckets_.begin(), buckets_.end(), [&](const Bucket& bucket) { return bucket.begin <= element; });
  return static_cast<int>(found - buckets_.begin());
}

}  // namespace convoy
