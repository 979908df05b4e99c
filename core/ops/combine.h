// Several tensors of one shape become one, element by element, in their order, rounded once.
#pragma once

#include <array>
#include <cstdint>

#include "core/tensor/tensor.h"

namespace convoy {

enum class Combination : uint8_t { sum, product };

struct Combine {
  static constexpr int kMostInputs = 16;

  Combination kind = Combination::sum;
  Tensor y;  // may be the memory of any of the inputs
  std::array<Tensor, kMostInputs> inputs = {};
  int count = 0;  // of inputs, at least 1
};

}  // namespace convoy
