#include "core/train/averaged_weights.h"

#include <algorithm>

#include "core/ops/moving_average.h"
#include "core/ops/ops.h"
#include "core/ops/reductions.h"
#include "core/parameters/state_names.h"

namespace convoy {

AveragedWeights::AveragedWeights(Communication& communication, std::vector<ParameterStorage*> groups,
                                 UpdatedWeights& gather)
    : communication_(communication), groups_(std::move(groups)), gather_(gather) {}

bool AveragedWeights::kept() const {
  return !groups_.empty() && std::ranges::count(groups_.front()->states(), kAverageState) > 0;
}

void AveragedWeights::take_place(int64_t step) {
  if (!kept()) return;
  for (const ParameterStorage* group : groups_)
    if (group->master())
      round(*group, group->state(kAverageState));
    else
      swap(*group);
  gather_.run(step);
}

// Weights of a bf16 run are always the rounding of their master.
void AveragedWeights::give_back(int64_t step) {
  if (!kept()) return;
  for (const ParameterStorage* group : groups_)
    if (group->master())
      round(*group, group->master());
    else
      swap(*group);
  gather_.run(step);
}

void AveragedWeights::round(const ParameterStorage& group, const Tensor& from) {
  for (const OwnedRange& range : group.owned())
    communication_.device().ops().run(communication_.compute(),
                                      Cast{group.owned_weights(range), ParameterStorage::owned_state(from, range)});
}

void AveragedWeights::swap(const ParameterStorage& group) {
  for (const OwnedRange& range : group.owned())
    communication_.device().ops().run(
        communication_.compute(),
        Swap{group.owned_weights(range), ParameterStorage::owned_state(group.state(kAverageState), range)});
}

}  // namespace convoy
