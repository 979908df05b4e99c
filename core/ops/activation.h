// Functions of single elements between layers, and their derivatives. What they compute, element by element, is
// activation_rules.h; a product applies one in its epilogue, matmul.h.
//
//   relu        max(x, 0)
//   leaky_relu  x, or slope x below zero                                       Maas et al., ICML 2013
//   sigmoid     1 / (1 + e^-x)
//   tanh
//   gelu        x Phi(x), Phi the normal distribution                          Hendrycks and Gimpel, arXiv:1606.08415
//   gelu_tanh   0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))                there
//   silu        x / (1 + e^-x)
//   softplus    log(1 + e^x)
//   elu         x, or alpha (e^x - 1) below zero                               Clevert et al., arXiv:1511.07289
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include "core/tensor/tensor.h"

namespace convoy {

enum class Activation : uint8_t { none, relu, leaky_relu, sigmoid, tanh, gelu, gelu_tanh, silu, softplus, elu };

constexpr auto enum_names(Activation) {
  using enum Activation;
  using Name = std::pair<std::string_view, Activation>;
  return std::array{
      Name{"none", none},         Name{"relu", relu}, Name{"leaky_relu", leaky_relu}, Name{"sigmoid", sigmoid},
      Name{"tanh", tanh},         Name{"gelu", gelu}, Name{"gelu_tanh", gelu_tanh},   Name{"silu", silu},
      Name{"softplus", softplus}, Name{"elu", elu}};
}

// The slope of leaky_relu and alpha of elu where none is given; others have no number.
constexpr float default_number(Activation kind) { return kind == Activation::leaky_relu ? 0.01f : 1.0f; }

// May the derivative be computed from the output, so that the input need not be kept? Numbers are not negative.
constexpr bool derivative_from_output(Activation kind) {
  return kind != Activation::gelu && kind != Activation::gelu_tanh && kind != Activation::silu;
}

// body(std::integral_constant<Activation, kind>{}), so that the kind is a constant there.
template <class Body>
constexpr decltype(auto) with_activation(Activation kind, const Body& body) {
  using enum Activation;
  switch (kind) {
    case relu:
      return body(std::integral_constant<Activation, relu>{});
    case leaky_relu:
      return body(std::integral_constant<Activation, leaky_relu>{});
    case sigmoid:
      return body(std::integral_constant<Activation, sigmoid>{});
    case tanh:
      return body(std::integral_constant<Activation, tanh>{});
    case gelu:
      return body(std::integral_constant<Activation, gelu>{});
    case gelu_tanh:
      return body(std::integral_constant<Activation, gelu_tanh>{});
    case silu:
      return body(std::integral_constant<Activation, silu>{});
    case softplus:
      return body(std::integral_constant<Activation, softplus>{});
    case elu:
      return body(std::integral_constant<Activation, elu>{});
    case none:
      break;
  }
  return body(std::integral_constant<Activation, none>{});
}

// y = act(x), of any shape.
struct ActivationForward {
  Tensor y, x;
  Activation kind = Activation::none;
  float number = 0;  // slope or alpha
};

// dx = dy * act'.
struct ActivationBackward {
  Tensor dx, dy;  // may be the same memory
  Tensor at;      // the output of forward where derivative_from_output(kind), else its input
  Activation kind = Activation::none;
  float number = 0;
};

}  // namespace convoy
