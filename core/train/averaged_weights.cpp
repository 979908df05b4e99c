#include "core/train/averaged_weights.h"

#include <algorithm>

#include "core/ops/moving_average.h"
#include "core/ops/ops.h"
#include "core/ops/reductions.h"
#include "core/parameters/state_names.h"

namespace convoy {

AveragedWeights::AveragedWeights(Communication& communication, ParameterStorage& parameters, WeightGather& gather)
    : communication_(communication), parameters_(parameters), gather_(gather) {}

bool AveragedWeights::kept() const { return std::ranges::count(parameters_.states(), kAverageState) > 0; }

void AveragedWeights::take_place(int64_t step) {
  if (!kept()) return;
  if (parameters_.master())
    round(parameters_.state(kAverageState), step);
  else
    swap(step);
}

// Weights of a bf16 run are always the rounding of their master.
void AveragedWeights::give_back(int64_t step) {
  if (!kept()) return;
  if (parameters_.master())
    round(parameters_.master(), step);
  else
    swap(step);
}

void AveragedWeights::round(const Tensor& from, int64_t step) {
  for (const OwnedRange& range : parameters_.owned())
    communication_.device().ops().run(
        communication_.compute(), Cast{parameters_.owned_weights(range), ParameterStorage::owned_state(from, range)});
  gather_.run(step);
}

void AveragedWeights::swap(int64_t step) {
  for (const OwnedRange& range : parameters_.owned())
    communication_.device().ops().run(
        communication_.compute(),
        Swap{parameters_.owned_weights(range), ParameterStorage::owned_state(parameters_.state(kAverageState), range)});
  gather_.run(step);
}

}  // namespace convoy
