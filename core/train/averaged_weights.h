// The moving average of the weights in their place, for evaluations.
#pragma once

#include "core/comm/communication.h"
#include "core/parameters/parameter_storage.h"
#include "core/train/weight_gather.h"

namespace convoy {

class AveragedWeights {
 public:
  // Everything outlives this.
  AveragedWeights(Communication& communication, ParameterStorage& parameters, WeightGather& gather);

  // Collective. Until it is given back, the weights that programs read are the average; nothing may train meanwhile.
  // Does nothing where no average is kept. step: for the log of collectives.
  void take_place(int64_t step);
  // Collective. The weights have the bits that they had.
  void give_back(int64_t step);

 private:
  bool kept() const;
  void round(const Tensor& from, int64_t step);
  void swap(int64_t step);

  Communication& communication_;
  ParameterStorage& parameters_;
  WeightGather& gather_;
};

}  // namespace convoy
