// RMSprop (Tieleman and Hinton, lecture 6.5 of "Neural networks for machine learning", 2012) in PyTorch's form:
//   g = g + weight_decay w
//   s = alpha s + (1 - alpha) g^2;   d = g / (sqrt(s) + eps)
//   w = w - lr d, or with momentum  b = momentum b + d;   w = w - lr b
#pragma once

#include "core/optimizer/rules/number.h"

namespace convoy::rules {

struct RmsProp {
  static constexpr int kStates = 1;     // square_avg
  static constexpr int kNumbers = 1;    // lr
  float alpha = 0, fresh = 0, eps = 0;  // fresh: 1 - alpha, made in f64

  template <class F>
  struct Update {
    F alpha, fresh, eps, minus_lr;
    float full_decay;  // what operator() takes as decay where weight decay applies; 0 elsewhere

    constexpr Update(const RmsProp& rule, const float* numbers, float weight_decay)
        : alpha(spread(rule.alpha, F{})),
          fresh(spread(rule.fresh, F{})),
          eps(spread(rule.eps, F{})),
          minus_lr(spread(-numbers[0], F{})),
          full_decay(weight_decay) {}

    // g with decay over the root of its mean square.
    constexpr F direction(F w, F gradient, F decay, F& square_avg) const {
      const F g = fma(decay, w, gradient);
      square_avg = fma(fresh * g, g, alpha * square_avg);
      return g / (sqrt(square_avg) + eps);
    }
    constexpr F operator()(F w, F gradient, F decay, std::array<F, kStates>& state) const {
      return fma(minus_lr, direction(w, gradient, decay, state[0]), w);
    }
  };
};

struct RmsPropMomentum {
  static constexpr int kStates = 2;   // square_avg, momentum
  static constexpr int kNumbers = 1;  // lr
  RmsProp base;
  float momentum = 0;

  template <class F>
  struct Update {
    RmsProp::Update<F> base;
    F momentum;
    float full_decay;  // what operator() takes as decay where weight decay applies; 0 elsewhere

    constexpr Update(const RmsPropMomentum& rule, const float* numbers, float weight_decay)
        : base(rule.base, numbers, weight_decay), momentum(spread(rule.momentum, F{})), full_decay(weight_decay) {}

    constexpr F operator()(F w, F gradient, F decay, std::array<F, kStates>& state) const {
      auto& [square_avg, b] = state;
      b = fma(momentum, b, base.direction(w, gradient, decay, square_avg));
      return fma(base.minus_lr, b, w);
    }
  };
};

}  // namespace convoy::rules
