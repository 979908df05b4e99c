// The update of a flat range of parameters by a rule that works element by element: the text of a rule, its numbers and
// its source are in core/optimizer/rules. One pass: reads gradient, states and the f32 weight, writes states, the f32
// weight and its rounding to the compute dtype.
#pragma once

#include <array>

#include "core/tensor/tensor.h"

namespace convoy {

// Parameters start at multiples of this many elements in flat storage, so that one flag per block says whether decay
// applies, and every range starts aligned.
inline constexpr int64_t kParameterBlock = 64;

template <class Rule>
struct OptimizerUpdate {
  Tensor weights;                            // (n) f32 or bf16: f32 is updated in place, bf16 is written from master;
                                             // f32 may be the gradient's memory
  Tensor master;                             // (n) f32, updated; absent if weights are f32
  Tensor gradient;                           // (n) f32
  std::array<Tensor, Rule::kStates> states;  // (n) f32, updated
  Tensor decays;                             // (ceil(n / kParameterBlock)) u8: 1 where weight decay applies
  Tensor norm_and_factor;                    // ClipFactor's; if the factor is NaN nothing is changed
  // (Rule::kNumbers) f32 on the device. In memory, not in the call, since they change every step and a captured CUDA
  // graph should not.
  Tensor numbers;
  float weight_decay = 0;
  Rule rule;
};

}  // namespace convoy
