// Adam with decoupled weight decay, Loshchilov and Hutter, arXiv:1711.05101, in PyTorch's form:
//   m = beta1 m + (1 - beta1) g;   v = beta2 v + (1 - beta2) g^2
//   w = w - lr weight_decay w - lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)
#pragma once

#include "core/optimizer/rules/number.h"

namespace convoy::rules {

struct AdamW {
  static constexpr int kStates = 2;   // m, v
  static constexpr int kNumbers = 3;  // lr, 1 - beta1^t, 1 - beta2^t
  float beta1 = 0, beta2 = 0, eps = 0;

  template <class F>
  struct Update {
    F beta1, one_minus_beta1, beta2, one_minus_beta2, inverse_correction1, inverse_correction2, eps, lr;
    float full_decay;  // what operator() takes as decay where weight decay applies; 0 elsewhere

    constexpr Update(const AdamW& rule, const float* numbers, float weight_decay)
        : beta1(spread(rule.beta1, F{})),
          one_minus_beta1(spread(1.0f - rule.beta1, F{})),
          beta2(spread(rule.beta2, F{})),
          one_minus_beta2(spread(1.0f - rule.beta2, F{})),
          inverse_correction1(spread(1.0f / numbers[1], F{})),
          inverse_correction2(spread(1.0f / numbers[2], F{})),
          eps(spread(rule.eps, F{})),
          lr(spread(numbers[0], F{})),
          full_decay(numbers[0] * weight_decay) {}

    constexpr F operator()(F w, F g, F decay, std::array<F, kStates>& state) const {
      auto& [m, v] = state;
      m = fma(one_minus_beta1, g, beta1 * m);
      v = fma(one_minus_beta2 * g, g, beta2 * v);
      const F step = (m * inverse_correction1) / (sqrt(v * inverse_correction2) + eps);
      return w - decay * w - lr * step;
    }
  };
};

}  // namespace convoy::rules
