#include "comm/gradient_buckets.h"

#include <algorithm>

#include "core/ops/adamw.h"

namespace convoy {

std::vector<Bucket> gradient_buckets(int64_t elements, int64_t bucket_bytes, int ranks) {
  const int64_t unit = kParameterBlock * ranks;
  const int64_t wanted = bucket_bytes / static_cast<int64_t>(sizeof(float));
  const int64_t bucket_elements = std::max(wanted / unit, int64_t{1}) * unit;
  std::vector<Bucket> buckets;
  for (int64_t end = elements; end > 0; end = buckets.back().begin)
    buckets.push_back({std::max(end - bucket_elements, int64_t{0}), end});
  return buckets;
}

}  // namespace convoy
