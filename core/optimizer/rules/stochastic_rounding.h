// Rounding of a float's bits to those of a bf16 by chance: up or down, each as probable as the other is far, so that
// the mean is exact and small changes of a large state are not lost (Gupta et al., arXiv:1502.02551). Written for words
// of 32 bits: uint32_t, or a vector of them with functions of the same names beside its type.
#pragma once

#include <cstdint>

namespace convoy::rules {

template <int kBits>
constexpr uint32_t shift_left(uint32_t x) {
  return x << kBits;
}
template <int kBits>
constexpr uint32_t shift_right(uint32_t x) {
  return x >> kBits;
}

// Of an element's random word, what its state number `kState` of at most two is rounded by: 16 bits.
template <int kState, class Word>
constexpr Word rounding_of(Word random) {
  static_assert(kState < 2);
  return shift_right<16>(kState == 0 ? shift_left<16>(random) : random);
}

// A float whose lower half is zero. Infinities and the quiet NaN stay what they are.
template <class Word>
constexpr Word rounded_by(Word bits, Word rounding) {
  return shift_left<16>(shift_right<16>(bits + rounding));
}

}  // namespace convoy::rules
