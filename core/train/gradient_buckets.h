// The buckets of a model's gradients as its storage and plan keep them.
#pragma once

#include <vector>

#include "core/parameters/parameter_storage.h"
#include "core/train/gradient_sync.h"

namespace convoy {

// own: where storage shards gradients, the memory of each bucket, in the order of sharding.buckets().
std::vector<GradientBucket> gradient_buckets(const ParameterStorage& storage, const std::vector<Tensor>& own);

}  // namespace convoy
