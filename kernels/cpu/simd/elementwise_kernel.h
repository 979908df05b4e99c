// The table of elementwise_kernels.h, compiled once per instruction set. See begin_avx2.h.
#pragma once

#include "kernels/cpu/position.h"
#include "kernels/cpu/simd/memory.h"
//
#include "kernels/cpu/simd/math.h"
//
#include "kernels/cpu/simd/activation_kernel.h"
//
#include "kernels/cpu/simd/combine_kernel.h"
#include "kernels/cpu/simd/elementwise_kernels.h"
#include "kernels/cpu/simd/pointwise_loss_kernel.h"
#include "kernels/cpu/simd/rotary_kernel.h"
#include "kernels/cpu/simd/swiglu_kernel.h"

namespace convoy::cpu::CONVOY_ISA {
namespace {

void activation_forward(const ActivationForward& args, int64_t begin, int64_t end) {
  const F32x16 number = broadcast(args.number);
  with_real(args.x.dtype, [&](auto* real) {
    using Real = std::remove_pointer_t<decltype(real)>;
    const Real* x = args.x.as<Real>() + begin;
    Real* y = args.y.as<Real>() + begin;
    with_activation(args.kind, [&](auto kind) {
      for_vectors(end - begin, [=](int64_t i, auto lanes) {
        store(y + i, Activations::value<decltype(kind)::value>(load(x + i, lanes), number), lanes);
      });
    });
  });
}

void activation_backward(const ActivationBackward& args, int64_t begin, int64_t end) {
  const F32x16 number = broadcast(args.number);
  with_real(args.dx.dtype, [&](auto* real) {
    using Real = std::remove_pointer_t<decltype(real)>;
    const Real *dy = args.dy.as<Real>() + begin, *at = args.at.as<Real>() + begin;
    Real* dx = args.dx.as<Real>() + begin;
    with_activation(args.kind, [&](auto kind) {
      for_vectors(end - begin, [=](int64_t i, auto lanes) {
        const F32x16 derivative = Activations::derivative_at<decltype(kind)::value>(load(at + i, lanes), number);
        store(dx + i, load(dy + i, lanes) * derivative, lanes);
      });
    });
  });
}

}  // namespace

const ElementwiseKernels elementwise_kernels = {
    activation_forward, activation_backward, combine,         gate,           gate_gradient,
    pointwise_loss,     rotary_forward,      rotary_backward, swiglu_forward, swiglu_backward};

}  // namespace convoy::cpu::CONVOY_ISA
