// Adam, Kingma and Ba, arXiv:1412.6980, in PyTorch's form:
//   g = g + weight_decay w
//   m = beta1 m + (1 - beta1) g;   v = beta2 v + (1 - beta2) g^2
//   w = w - lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)
#pragma once

#include "core/optimizer/rules/number.h"

namespace convoy::rules {

struct Adam {
  static constexpr int kStates = 2;   // m, v
  static constexpr int kNumbers = 3;  // lr, 1 - beta1^t, 1 - beta2^t
  // What has to be 1 - beta is made from beta in f64: of floats, 1 - 0.999 is off in the fifth digit.
  float beta1 = 0, fresh1 = 0, beta2 = 0, fresh2 = 0, eps = 0;  // fresh: 1 - beta

  template <class F>
  struct Update {
    F beta1, fresh1, beta2, fresh2, inverse_correction1, inverse_correction2, eps, minus_lr;
    float full_decay;  // what operator() takes as decay where weight decay applies; 0 elsewhere

    constexpr Update(const Adam& rule, const float* numbers, float weight_decay)
        : beta1(spread(rule.beta1, F{})),
          fresh1(spread(rule.fresh1, F{})),
          beta2(spread(rule.beta2, F{})),
          fresh2(spread(rule.fresh2, F{})),
          inverse_correction1(spread(1.0f / numbers[1], F{})),
          inverse_correction2(spread(1.0f / numbers[2], F{})),
          eps(spread(rule.eps, F{})),
          minus_lr(spread(-numbers[0], F{})),
          full_decay(weight_decay) {}

    constexpr F operator()(F w, F gradient, F decay, std::array<F, kStates>& state) const {
      auto& [m, v] = state;
      const F g = fma(decay, w, gradient);
      m = fma(fresh1, g, beta1 * m);
      v = fma(fresh2 * g, g, beta2 * v);
      return fma(minus_lr, (m * inverse_correction1) / (sqrt(v * inverse_correction2) + eps), w);
    }
  };
};

}  // namespace convoy::rules
