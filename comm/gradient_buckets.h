// How the flat gradients are cut into ranges that are reduced together.
#pragma once

#include <cstdint>
#include <vector>

namespace convoy {

struct Bucket {
  int64_t begin = 0, end = 0;  // elements of the flat gradients
  int64_t elements() const { return end - begin; }
};

// Buckets of at most bucket_bytes of f32 (and at least one block per rank), in the order in which backward finishes
// them: descending. Each splits evenly over the ranks into shards of whole kParameterBlock, except that the last one,
// which ends at element 0, has what is left.
std::vector<Bucket> gradient_buckets(int64_t elements, int64_t bucket_bytes, int ranks);

}  // namespace convoy
