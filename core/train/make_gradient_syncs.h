// Who reduces the gradients of a model: a GradientSync for each group of parameters that is trained.
#pragma once

#include <memory>
#include <vector>

#include "core/comm/communication.h"
#include "core/train/bucket_hash.h"
#include "core/train/gradient_sync.h"
#include "core/train/model.h"

namespace convoy {

struct GradientSyncs {
  std::vector<std::unique_ptr<GradientSync>> syncs;
  BucketHash::Buckets buckets;  // that they reduce
};

// plans: of each group, without memory. replicate: null where no axis replicates. Everything outlives the result.
GradientSyncs make_gradient_syncs(const GradientSyncMaker& maker, const std::vector<GradientSyncPlan>& plans,
                                  Model& model, Communication& communication, const LeveledGroup* replicate);

}  // namespace convoy
