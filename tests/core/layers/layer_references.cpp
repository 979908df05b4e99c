#include "tests/core/layers/layer_references.h"

#include <cmath>
#include <stdexcept>

namespace convoy::test {

Values linear_f64(const Values& x, const Values& weight, const Values& bias) {
  const size_t N = bias.size(), K = weight.size() / N;
  Values y;
  for (size_t row = 0; row < x.size() / K; ++row)
    for (size_t n = 0; n < N; ++n) {
      double sum = bias[n];
      for (size_t k = 0; k < K; ++k) sum += x[row * K + k] * weight[k * N + n];
      y.push_back(sum);
    }
  return y;
}

Values activation_f64(Activation activation, Values x, double number) {
  for (double& value : x) {
    const double u = std::sqrt(2 / 3.14159265358979323846) * (value + 0.044715 * value * value * value);
    switch (activation) {
      case Activation::none:
        break;
      case Activation::gelu_tanh:
        value = 0.5 * value * (1 + std::tanh(u));
        break;
      case Activation::relu:
        value = std::max(value, 0.0);
        break;
      case Activation::leaky_relu:
        value = value < 0 ? number * value : value;
        break;
      case Activation::sigmoid:
        value = 1 / (1 + std::exp(-value));
        break;
      case Activation::gelu:
        value = 0.5 * value * std::erfc(-value / std::sqrt(2.0));
        break;
      case Activation::softplus:
        value = std::log1p(std::exp(value));
        break;
      case Activation::elu:
        value = value < 0 ? number * std::expm1(value) : value;
        break;
      case Activation::silu:
        value = value / (1 + std::exp(-value));
        break;
      case Activation::tanh:
        value = std::tanh(value);
        break;
    }
  }
  return x;
}

Values add_branch_f64(const Values& a, const Values& b, int64_t C,
                      const std::function<double(int64_t, int64_t)>& factor) {
  Values sum = a;
  for (int64_t i = 0; i < static_cast<int64_t>(sum.size()); ++i)
    sum[static_cast<size_t>(i)] += factor(i / C, i % C) * b[static_cast<size_t>(i)];
  return sum;
}

}  // namespace convoy::test
