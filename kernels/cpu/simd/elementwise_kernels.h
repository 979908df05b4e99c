// The kernels of layers that compute every element alone, over elements [begin, end), compiled like those of kernels.h.
#pragma once

#include <cstdint>

#include "core/ops/activation.h"

namespace convoy::cpu {

struct ElementwiseKernels {
  void (*activation_forward)(const ActivationForward& args, int64_t begin, int64_t end);
  void (*activation_backward)(const ActivationBackward& args, int64_t begin, int64_t end);
};

// Of the active instruction set.
const ElementwiseKernels& elementwise_kernels();

namespace avx2 {
extern const ElementwiseKernels elementwise_kernels;
}
namespace avx512 {
extern const ElementwiseKernels elementwise_kernels;
}

}  // namespace convoy::cpu
