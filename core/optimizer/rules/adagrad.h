// Adagrad, Duchi et al., JMLR 12 (2011), in PyTorch's form:
//   g = g + weight_decay w
//   s = s + g^2;   w = w - lr g / (sqrt(s) + eps)
#pragma once

#include "core/optimizer/rules/number.h"

namespace convoy::rules {

struct Adagrad {
  static constexpr int kStates = 1;   // sum
  static constexpr int kNumbers = 1;  // lr
  float eps = 0;

  template <class F>
  struct Update {
    F eps, minus_lr;
    float full_decay;  // what operator() takes as decay where weight decay applies; 0 elsewhere

    constexpr Update(const Adagrad& rule, const float* numbers, float weight_decay)
        : eps(spread(rule.eps, F{})), minus_lr(spread(-numbers[0], F{})), full_decay(weight_decay) {}

    constexpr F operator()(F w, F gradient, F decay, std::array<F, kStates>& state) const {
      const F g = fma(decay, w, gradient);
      F& sum = state[0];
      sum = fma(g, g, sum);
      return fma(minus_lr, g / (sqrt(sum) + eps), w);
    }
  };
};

}  // namespace convoy::rules
