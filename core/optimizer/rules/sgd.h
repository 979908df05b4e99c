// Gradient descent, and with momentum (Sutskever et al., ICML 2013) in PyTorch's form:
//   g = g + weight_decay w
//   b = momentum b + g;   w = w - lr (nesterov: g + momentum b, else b)
#pragma once

#include "core/optimizer/rules/number.h"

namespace convoy::rules {

struct Sgd {
  static constexpr int kStates = 0;
  static constexpr int kNumbers = 1;  // lr

  template <class F>
  struct Update {
    F minus_lr;
    float full_decay;  // what operator() takes as decay where weight decay applies; 0 elsewhere

    constexpr Update(const Sgd&, const float* numbers, float weight_decay)
        : minus_lr(spread(-numbers[0], F{})), full_decay(weight_decay) {}

    constexpr F operator()(F w, F gradient, F decay, std::array<F, kStates>&) const {
      return fma(minus_lr, fma(decay, w, gradient), w);
    }
  };
};

struct SgdMomentum {
  static constexpr int kStates = 1;   // momentum
  static constexpr int kNumbers = 1;  // lr
  float momentum = 0;
  bool nesterov = false;

  template <class F>
  struct Update {
    F minus_lr, momentum;
    float full_decay;  // what operator() takes as decay where weight decay applies; 0 elsewhere
    bool nesterov;

    constexpr Update(const SgdMomentum& rule, const float* numbers, float weight_decay)
        : minus_lr(spread(-numbers[0], F{})),
          momentum(spread(rule.momentum, F{})),
          full_decay(weight_decay),
          nesterov(rule.nesterov) {}

    constexpr F operator()(F w, F gradient, F decay, std::array<F, kStates>& state) const {
      const F g = fma(decay, w, gradient);
      F& b = state[0];
      b = fma(momentum, b, g);
      return fma(minus_lr, nesterov ? fma(momentum, b, g) : b, w);
    }
  };
};

}  // namespace convoy::rules
