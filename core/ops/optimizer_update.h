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

// The random numbers by which states in bf16 are rounded: element e of flat storage has the Philox word
//   philox(key, {low word of e / 4, stream, high word of e / 4, 0})[e % 4]
// of which state 0 takes the lower half and state 1 the upper one.
struct StateRounding {
  Tensor key;           // (2) i32 on the device: the step's
  uint32_t stream = 0;  // of the group of parameters
  int64_t first = 0;    // element of flat storage that the range begins with, a multiple of kParameterBlock
};

template <class Rule>
struct OptimizerUpdate {
  Tensor weights;                            // (n) f32 or bf16: f32 is updated in place, bf16 is written from master;
                                             // f32 may be the gradient's memory
  Tensor master;                             // (n) f32, updated; absent if weights are f32
  Tensor gradient;                           // (n) f32
  std::array<Tensor, Rule::kStates> states;  // (n) f32, or bf16 and rounded by chance; updated
  Tensor decays;                             // (ceil(n / kParameterBlock)) u8: 1 where weight decay applies
  Tensor norm_and_factor;                    // ClipFactor's; if the factor is NaN nothing is changed
  // (Rule::kNumbers) f32 on the device. In memory, not in the call, since they change every step and a captured CUDA
  // graph should not.
  Tensor numbers;
  float weight_decay = 0;
  Rule rule;
  StateRounding rounding = {};  // where states are bf16
};

}  // namespace convoy
