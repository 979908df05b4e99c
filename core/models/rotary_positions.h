// Rotary positions as a config says them: base, how much of a head, in which layout, and how they were stretched to a
// longer context than a model was first trained with.
//
// Angles of pair i of R / 2 are position * f[i], f[i] = base^(-2 i / R), and with scaling:
//
//   linear  f / factor; Chen et al., arXiv:2306.15595
//
//   llama3  as linear where a turn takes more than original_context / low_frequency_factor tokens, f where it takes
//           fewer than original_context / high_frequency_factor, and between them by the number of turns;
//           arXiv:2407.21783
//
//   yarn    as linear where original_context holds fewer than beta_slow turns, f where it holds more than beta_fast,
//           between them by i; sines and cosines times `amplitude`; Peng et al., arXiv:2309.00071
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config/keys.h"
#include "core/ops/rotary.h"

namespace convoy {

enum class RotaryLayout : uint8_t { half, interleaved };
enum class RotaryScaling : uint8_t { none, linear, llama3, yarn };

constexpr auto enum_names(RotaryLayout) {
  using Name = std::pair<std::string_view, RotaryLayout>;
  return std::array{Name{"half", RotaryLayout::half}, Name{"interleaved", RotaryLayout::interleaved}};
}
constexpr auto enum_names(RotaryScaling) {
  using enum RotaryScaling;
  using Name = std::pair<std::string_view, RotaryScaling>;
  return std::array{Name{"none", none}, Name{"linear", linear}, Name{"llama3", llama3}, Name{"yarn", yarn}};
}

struct RotaryPositions {
  double base = 10000;
  double fraction = 1;  // of a head's channels
  RotaryLayout layout = RotaryLayout::half;
  RotaryScaling scaling = RotaryScaling::none;
  double factor = 1;
  int64_t original_context = 0;  // 0: the model's
  double low_frequency_factor = 1, high_frequency_factor = 4;
  double beta_fast = 32, beta_slow = 1;
  AutoReal amplitude;  // of yarn

  // Channels of a head of D that are turned.
  int64_t turned(int64_t D) const { return static_cast<int64_t>(static_cast<double>(D) * fraction); }
};

void describe(Keys& keys, RotaryPositions& rotary);

// Of heads of D; context: the model's.
RotaryShape rotary_shape(const RotaryPositions& rotary, int64_t H, int64_t Hkv, int64_t D, int64_t context);
// What the scaling divides the frequency of each of R / 2 pairs by.
std::vector<float> rotary_factors(const RotaryPositions& rotary, int64_t R, int64_t context);
// What sines and cosines are multiplied with.
double rotary_amplitude(const RotaryPositions& rotary);

}  // namespace convoy
