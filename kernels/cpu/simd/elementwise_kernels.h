// The kernels of layers that compute every element alone, and of losses of numbers, compiled like those of kernels.h.
#pragma once

#include <cstdint>

#include "core/ops/activation.h"
#include "core/ops/combine.h"
#include "core/ops/gate.h"
#include "core/ops/pointwise_loss.h"
#include "core/ops/rotary.h"
#include "core/ops/swiglu.h"

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
  // Tokens [begin, end). sums: of these for dquery_weight and dkey_weight, D each, written where there is a norm.
  void (*rotary_forward)(const RotaryForward& args, int64_t begin, int64_t end);
  void (*rotary_backward)(const RotaryBackward& args, int64_t begin, int64_t end, float* sums);
  void (*swiglu_forward)(const SwiGluForward& args, int64_t begin, int64_t end);  // rows
  void (*swiglu_backward)(const SwiGluBackward& args, int64_t begin, int64_t end);
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
