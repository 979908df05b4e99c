#include "core/train/make_gradient_syncs.h"

#include "core/train/gradient_buckets.h"

namespace convoy {

GradientSyncs make_gradient_syncs(const GradientSyncMaker& maker, const std::vector<GradientSyncPlan>& plans,
                                  Model& model, Communication& communication, const LeveledGroup* replicate) {
  GradientSyncs made;
  for (size_t g = 0; g < model.groups().size(); ++g) {
    const ParameterStorage& parameters = *model.groups()[g];
    GradientSyncPlan sync = plans[g];
    sync.gradients = parameters.gradients();
    sync.buckets = gradient_buckets(parameters.sharding(), parameters.gradients(), parameters.gradient_shards(),
                                    model.training().gradient_buckets(g));
    made.syncs.push_back(maker.make(sync, communication, replicate));
    made.buckets.push_back(std::move(sync.buckets));
  }
  return made;
}

}  // namespace convoy
