// Lion, Chen et al., arXiv:2302.06675:
//   c = beta1 m + (1 - beta1) g
//   w = w - lr (sign(c) + weight_decay w);   m = beta2 m + (1 - beta2) g
#pragma once

#include "core/optimizer/rules/number.h"

namespace convoy::rules {

struct Lion {
  static constexpr int kStates = 1;                    // m
  static constexpr int kNumbers = 1;                   // lr
  float beta1 = 0, fresh1 = 0, beta2 = 0, fresh2 = 0;  // fresh: 1 - beta, made in f64

  template <class F>
  struct Update {
    F beta1, fresh1, beta2, fresh2, minus_lr;
    float full_decay;  // what operator() takes as decay where weight decay applies; 0 elsewhere

    constexpr Update(const Lion& rule, const float* numbers, float weight_decay)
        : beta1(spread(rule.beta1, F{})),
          fresh1(spread(rule.fresh1, F{})),
          beta2(spread(rule.beta2, F{})),
          fresh2(spread(rule.fresh2, F{})),
          minus_lr(spread(-numbers[0], F{})),
          full_decay(weight_decay) {}

    constexpr F operator()(F w, F g, F decay, std::array<F, kStates>& state) const {
      F& m = state[0];
      const F zero = spread(0.0f, F{}), c = fma(fresh1, g, beta1 * m);
      const F sign = select(zero < c, spread(1.0f, F{}), select(c < zero, spread(-1.0f, F{}), zero));
      m = fma(fresh2, g, beta2 * m);
      return fma(minus_lr, fma(decay, w, sign), w);
    }
  };
};

}  // namespace convoy::rules
