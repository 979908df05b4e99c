// The buckets of a model's gradients as its storage and plan keep them. Tensors may be without memory.
#pragma once

#include <vector>

#include "core/parameters/sharding.h"
#include "core/train/gradient_sync.h"

namespace convoy {

// gradients, shards: ParameterStorage's. own: where gradients are sharded, the memory of each bucket, in the order of
// sharding.buckets().
std::vector<GradientBucket> gradient_buckets(const Sharding& sharding, const Tensor& gradients, const Tensor& shards,
                                             const std::vector<Tensor>& own);

}  // namespace convoy
