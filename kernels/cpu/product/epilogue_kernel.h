// The epilogue of a product.
#pragma once

namespace convoy::cpu::CONVOY_ISA {
namespace {

// Everything in one pass: the tests of null pointers do not change within a tile and are predicted. The next row is
// requested meanwhile, for it is far from this one and the processor does not guess it.
template <class Input, class Output, Activation kActivation, Activation kDerivativeOf>
void finish(const Epilogue& args) {
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
        x = x * derivative<kDerivativeOf>(load(pre + i, lanes));
      else if (pre != nullptr)
        store(pre + i, x, lanes);
      store(c + i, activate<kActivation>(x), lanes);
    });
  }
}

template <class Input, class Output>
void finish(const Epilogue& args) {
  using enum Activation;
  const bool backward = args.derivative_of != none;
  switch (backward ? args.derivative_of : args.activation) {
    case none:
      return finish<Input, Output, none, none>(args);
    case gelu_tanh:
      return backward ? finish<Input, Output, none, gelu_tanh>(args) : finish<Input, Output, gelu_tanh, none>(args);
    case relu:
      return backward ? finish<Input, Output, none, relu>(args) : finish<Input, Output, relu, none>(args);
    case silu:
      return backward ? finish<Input, Output, none, silu>(args) : finish<Input, Output, silu, none>(args);
    case tanh:
      return backward ? finish<Input, Output, none, tanh>(args) : finish<Input, Output, tanh, none>(args);
  }
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
