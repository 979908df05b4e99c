// The moving average of the weights in their place, for evaluations.
#pragma once

#include <vector>

#include "core/comm/communication.h"
#include "core/parameters/parameter_storage.h"
#include "core/train/updated_weights.h"

namespace convoy {

class AveragedWeights {
 public:
  // Everything outlives this.
  AveragedWeights(Communication& communication, std::vector<ParameterStorage*> groups, UpdatedWeights& gather);

  // Collective. Until it is given back, the weights that programs read are the average; nothing may train meanwhile.
  // Does nothing where no average is kept. step: for the log of collectives.
  void take_place(int64_t step);
  // Collective. The weights have the bits that they had.
  void give_back(int64_t step);

 private:
  bool kept() const;
  void round(const ParameterStorage& group, const Tensor& from);
  void swap(const ParameterStorage& group);

  Communication& communication_;
  const std::vector<ParameterStorage*> groups_;
  UpdatedWeights& gather_;
};

}  // namespace convoy
