// The epilogue of a product.
#pragma once

namespace convoy::cpu::CONVOY_ISA {
namespace {

// Everything in one pass: the tests of null pointers do not change within a tile and are predicted. The next row is
// requested meanwhile, for it is far from this one and the processor does not guess it.
template <class Input, class Output, Activation kActivation, Activation kDerivativeOf>
void finish(const Epilogue& args) {
  const F32x16 number = broadcast(default_number(kActivation == Activation::none ? kDerivativeOf : kActivation));
  const Input* bias = static_cast<const Input*>(args.bias);
  for (int64_t m = 0; m < args.rows; ++m) {
    const float* product = args.product + m * args.product_stride;
    Output* c = static_cast<Output*>(args.c) + m * args.c_stride;
    Input* pre = static_cast<Input*>(args.pre_activation);
    if (pre != nullptr) pre += m * args.c_stride;
    for_vectors(args.columns, [&](int64_t i, auto lanes) {
      __builtin_prefetch(product + args.product_stride + i);
      if (pre != nullptr) __builtin_prefetch(pre + args.c_stride + i);
      F32x16 x = load(product + i, lanes);
      if (args.accumulate) x = x + load(c + i, lanes);
      if (bias != nullptr) x = x + load(bias + i, lanes);
      if constexpr (kDerivativeOf != Activation::none)
        x = x * Activations::derivative<kDerivativeOf>(load(pre + i, lanes), number);
      else if (pre != nullptr)
        store(pre + i, x, lanes);
      store(c + i, Activations::value<kActivation>(x, number), lanes);
    });
  }
}

template <class Input, class Output>
void finish(const Epilogue& args) {
  const bool backward = args.derivative_of != Activation::none;
  with_activation(backward ? args.derivative_of : args.activation, [&](auto kind) {
    constexpr Activation kKind = decltype(kind)::value;
    if (backward)
      finish<Input, Output, Activation::none, kKind>(args);
    else
      finish<Input, Output, kKind, Activation::none>(args);
  });
}

void epilogue(const Epilogue& args) {
  with_real(args.input, [&](auto* input) {
    with_real(args.output, [&](auto* output) {
      finish<std::remove_pointer_t<decltype(input)>, std::remove_pointer_t<decltype(output)>>(args);
    });
  });
}

}  // namespace
}  // namespace convoy::cpu::CONVOY_ISA
