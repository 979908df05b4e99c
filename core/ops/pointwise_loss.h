// Losses of numbers, each compared with its target alone; forward and backward in one pass.
//
//   loss[n] = (1 / F) sum over j of l(x[n, j], target[n, j]);   dx = scale / F dl/dx,   dtarget = scale / F dl/dtarget
//
//   squared               (x - t)^2
//   absolute              |x - t|, its derivative 0 where they are equal
//   huber                 (x - t)^2 / 2 up to a distance of delta, beyond delta (|x - t| - delta / 2)
//                         Huber, Ann. Math. Statist. 35 (1964)
//   binary_cross_entropy  -t log(s) - (1 - t) log(1 - s) of s = sigmoid(x), in nats
#pragma once

#include <cstdint>
#include <type_traits>

#include "core/tensor/tensor.h"

namespace convoy {

enum class LossRule : uint8_t { squared, absolute, huber, binary_cross_entropy };

struct PointwiseLoss {
  LossRule rule = LossRule::squared;
  Tensor losses;   // (N) f32, written
  Tensor weights;  // (N) f32, written: 1, or 0 where a target is ignored; absent: not wanted
  Tensor x;        // (N, F)
  // (N, F) f32 or bf16, whatever x is. Of binary cross entropy also (N) i32, 0 or 1 where F is 1: a negative target is
  // ignored, loss 0, gradient 0.
  Tensor target;
  Tensor dx;       // (N, F) as x, written; absent: not wanted
  Tensor dtarget;  // (N, F) as target, written; absent: not wanted
  float scale = 1;
  float number = 1;  // delta of huber
};

// What a rule gives for each element.
template <class F>
struct PointLoss {
  F loss, dx, dtarget;
};

// The rules, one text for the floats of CUDA and the vectors of the CPU. Math: as of activation_rules.h.
template <class Math>
struct LossRules {
  using F = typename Math::F;

  template <LossRule kRule>
  [[gnu::always_inline]] static constexpr PointLoss<F> of(const F& x, const F& target, const F& number) {
    const F zero = Math::spread(0.0f), one = Math::spread(1.0f);
    if constexpr (kRule == LossRule::binary_cross_entropy) {
      const F loss = Math::positive(x) - x * target + Math::log1p(Math::exp(zero - Math::abs(x)));
      return {loss, Math::sigmoid(x) - target, zero - x};
    } else {
      const F error = x - target;
      const F sign = Math::select(zero < error, one, Math::select(error < zero, zero - one, error));  // a NaN stays
      F loss = error * error, dx = error + error;
      if constexpr (kRule == LossRule::absolute) loss = Math::abs(error), dx = sign;
      if constexpr (kRule == LossRule::huber) {
        const F distance = Math::abs(error), half = Math::spread(0.5f);
        loss = Math::select(number < distance, number * (distance - half * number), half * error * error);
        dx = Math::select(number < distance, number * sign, error);
      }
      return {loss, dx, zero - dx};
    }
  }
};

// body(std::integral_constant<LossRule, rule>{}), so that the rule is a constant there.
template <class Body>
constexpr decltype(auto) with_loss_rule(LossRule rule, const Body& body) {
  using enum LossRule;
  switch (rule) {
    case absolute:
      return body(std::integral_constant<LossRule, absolute>{});
    case huber:
      return body(std::integral_constant<LossRule, huber>{});
    case binary_cross_entropy:
      return body(std::integral_constant<LossRule, binary_cross_entropy>{});
    case squared:
      break;
  }
  return body(std::integral_constant<LossRule, squared>{});
}

}  // namespace convoy
