#include "core/models/rotary_positions.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace convoy {
namespace {

constexpr double kTurn = 2 * std::numbers::pi;

double llama3_frequency(const RotaryPositions& r, double f, double context) {
  const double turns = context * f / kTurn;  // in the original context
  const double own =
      std::clamp((turns - r.low_frequency_factor) / (r.high_frequency_factor - r.low_frequency_factor), 0.0, 1.0);
  return (1 - own) * f / r.factor + own * f;
}

// The number, not whole, of the pair that turns so often in the original context.
double pair_of_turns(const RotaryPositions& r, double R, double context, double turns) {
  return R * std::log(context / (turns * kTurn)) / (2 * std::log(r.base));
}

double yarn_frequency(const RotaryPositions& r, double f, int64_t pair, double R, double context) {
  const double low = std::max(std::floor(pair_of_turns(r, R, context, r.beta_fast)), 0.0);
  double high = std::min(std::ceil(pair_of_turns(r, R, context, r.beta_slow)), R - 1);
  if (high == low) high += 0.001;
  const double stretched = std::clamp((static_cast<double>(pair) - low) / (high - low), 0.0, 1.0);
  return (1 - stretched) * f + stretched * f / r.factor;
}

double frequency(const RotaryPositions& r, int64_t pair, int64_t R, int64_t context) {
  const auto original = static_cast<double>(r.original_context > 0 ? r.original_context : context);
  const double f = std::pow(r.base, -2.0 * static_cast<double>(pair) / static_cast<double>(R));
  switch (r.scaling) {
    case RotaryScaling::linear:
      return f / r.factor;
    case RotaryScaling::llama3:
      return llama3_frequency(r, f, original);
    case RotaryScaling::yarn:
      return yarn_frequency(r, f, pair, static_cast<double>(R), original);
    case RotaryScaling::none:
      break;
  }
  return f;
}

}  // namespace

void describe(Keys& keys, RotaryPositions& rotary) {
  keys("base", rotary.base, "", "of the frequencies, rope_theta", Allowed::above_to(1, 1e12));
  keys("fraction", rotary.fraction, "", "of a head's channels that are turned", Allowed::above_to(0, 1));
  keys("layout", rotary.layout, "", "which channels are a pair: one of each half, or neighbours");
  keys("scaling", rotary.scaling, "", "how positions were stretched to a longer context");
  keys("factor", rotary.factor, "", "by which they were stretched", Allowed::from(1, 1e6));
  keys("original_context", rotary.original_context, "tokens", "before that, of llama3 and yarn; 0: model.context",
       Allowed::from(0, 16777216));
  keys("low_frequency_factor", rotary.low_frequency_factor, "turns", "fewer are stretched whole, of llama3",
       Allowed::above_to(0, 1e6));
  keys("high_frequency_factor", rotary.high_frequency_factor, "turns", "more are not stretched, of llama3",
       Allowed::above_to(0, 1e6));
  keys("beta_fast", rotary.beta_fast, "turns", "more are not stretched, of yarn", Allowed::above_to(0, 1e6));
  keys("beta_slow", rotary.beta_slow, "turns", "fewer are stretched whole, of yarn", Allowed::above_to(0, 1e6));
  keys("amplitude", rotary.amplitude, "", "of sines and cosines, of yarn; auto: 1 + 0.1 ln(factor)",
       Allowed::above_to(0, 1e6));
  if (rotary.scaling == RotaryScaling::llama3 && rotary.low_frequency_factor >= rotary.high_frequency_factor)
    keys.contradiction({"low_frequency_factor", "high_frequency_factor"}, [&](const std::string& path) {
      return path + "low_frequency_factor must be below " + path + "high_frequency_factor";
    });
}

double rotary_amplitude(const RotaryPositions& rotary) {
  if (rotary.scaling != RotaryScaling::yarn) return 1;
  return rotary.amplitude.value_or(rotary.factor > 1 ? 1 + 0.1 * std::log(rotary.factor) : 1);
}

std::vector<float> rotary_factors(const RotaryPositions& rotary, int64_t R, int64_t context) {
  RotaryPositions plain = rotary;
  plain.scaling = RotaryScaling::none;
  std::vector<float> factors;
  for (int64_t pair = 0; pair < R / 2; ++pair)
    factors.push_back(static_cast<float>(frequency(plain, pair, R, context)) /
                      static_cast<float>(frequency(rotary, pair, R, context)));
  return factors;
}

RotaryShape rotary_shape(const RotaryPositions& rotary, int64_t H, int64_t Hkv, int64_t D, int64_t context) {
  RotaryShape shape{.H = H, .Hkv = Hkv, .D = D, .R = rotary.turned(D)};
  shape.interleaved = rotary.layout == RotaryLayout::interleaved;
  shape.amplitude = static_cast<float>(rotary_amplitude(rotary));
  for (int64_t pair = 0; pair < shape.R / 2 && pair < kRotaryMaxD / 2; ++pair)
    shape.frequencies[static_cast<size_t>(pair)] = static_cast<float>(frequency(rotary, pair, shape.R, context));
  return shape;
}

}  // namespace convoy
