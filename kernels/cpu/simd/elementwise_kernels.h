// The kernels of layers that compute every element alone, and of losses of numbers, compiled like those of kernels.h.
#pragma once

#include <cstdint>

#include "core/ops/activation.h"
#include "core/ops/combine.h"
#include "core/ops/gate.h"
#include "core/ops/pointwise_loss.h"

namespace convoy::cpu {

struct ElementwiseKernels {
  // Elements [begin, end).
  void (*activation_forward)(const ActivationForward& args, int64_t begin, int64_t end);
  void (*activation_backward)(const ActivationBackward& args, int64_t begin, int64_t end);
  void (*combine)(const Combine& args, int64_t begin, int64_t end);
  // Rows [begin, end) of x seen as (B * P, C).
  void (*gate)(const Gate& args, int64_t begin, int64_t end);
  void (*gate_gradient)(const GateGradient& args, int64_t sample);
  void (*pointwise_loss)(const PointwiseLoss& args, int64_t begin, int64_t end);  // rows
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
