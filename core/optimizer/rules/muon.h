// What Muon (core/optimizer/muon.h) does to every element alone, before and after matrices are made orthogonal.
#pragma once

#include "core/optimizer/rules/number.h"

namespace convoy::rules {

// The direction whose orthogonal factor is stepped along, in the place of the weight:
//   b = momentum b + g;   nesterov: g + momentum b, else b
struct MuonDirection {
  static constexpr int kStates = 1;  // momentum
  static constexpr int kNumbers = 0;
  float momentum = 0;
  bool nesterov = false;

  template <class F>
  struct Update {
    F momentum;
    float full_decay = 0;
    bool nesterov;

    constexpr Update(const MuonDirection& rule, const float*, float)
        : momentum(spread(rule.momentum, F{})), nesterov(rule.nesterov) {}

    constexpr F operator()(F, F g, F, std::array<F, kStates>& state) const {
      F& b = state[0];
      b = fma(momentum, b, g);
      return nesterov ? fma(momentum, b, g) : b;
    }
  };
};

// w = w - lr weight_decay w - lr step, where the step stands in the place of the gradient and is not clipped.
struct MuonStep {
  static constexpr int kStates = 0;
  static constexpr int kNumbers = 1;  // lr
  static constexpr bool kClips = false;

  template <class F>
  struct Update {
    F minus_lr;
    float full_decay;  // what operator() takes as decay where weight decay applies; 0 elsewhere

    constexpr Update(const MuonStep&, const float* numbers, float weight_decay)
        : minus_lr(spread(-numbers[0], F{})), full_decay(-numbers[0] * weight_decay) {}

    constexpr F operator()(F w, F step, F decay, std::array<F, kStates>&) const {
      return fma(minus_lr, step, fma(decay, w, w));
    }
  };
};

}  // namespace convoy::rules
