// The Feistel network of KeyedPermutation, eight values at a time in AVX2's registers.
#pragma once

#include <immintrin.h>

#include <array>
#include <cstdint>

#include "core/base/philox.h"

namespace convoy {

// Four rounds make a pseudorandom permutation (Luby and Rackoff); two more for halves of a few bits.
inline constexpr uint32_t kFeistelRounds = 6;

class FeistelLanes {
 public:
  enum class Way { there, back };
  static constexpr size_t kLanes = 8;
  using Values = std::array<uint64_t, kLanes>;

  FeistelLanes(PhiloxKey key, uint64_t epoch, int half_bits, Way way)
      : key_(key), epoch_(epoch), half_bits_(half_bits), way_(way) {}

  // The way back is the same network with its halves swapped and its rounds in the opposite order.
  void run(Values& values) const {
    const __m128i bits = _mm_cvtsi32_si128(half_bits_);
    const __m256i mask = _mm256_set1_epi64x((int64_t{1} << half_bits_) - 1);
    __m256i left[2], right[2];
    for (int i = 0; i < 2; ++i) {
      const __m256i value = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(values.data()) + i);
      const __m256i high = _mm256_srl_epi64(value, bits), low = _mm256_and_si256(value, mask);
      left[i] = way_ == Way::there ? high : low;
      right[i] = way_ == Way::there ? low : high;
    }
    for (uint32_t step = 0; step < kFeistelRounds; ++step) {
      __m256i mixed[2] = {right[0], right[1]};
      philox_word(way_ == Way::there ? step : kFeistelRounds - 1 - step, mixed);
      for (int i = 0; i < 2; ++i) {
        mixed[i] = _mm256_and_si256(_mm256_xor_si256(left[i], mixed[i]), mask);
        left[i] = right[i];
        right[i] = mixed[i];
      }
    }
    for (int i = 0; i < 2; ++i) {
      const __m256i high = way_ == Way::there ? left[i] : right[i], low = way_ == Way::there ? right[i] : left[i];
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(values.data()) + i,
                          _mm256_or_si256(_mm256_sll_epi64(high, bits), low));
    }
  }

 private:
  static __m256i all(uint32_t word) { return _mm256_set1_epi64x(word); }
  static __m256i high_word(__m256i product) { return _mm256_srli_epi64(product, 32); }

  // philox(key, {word, stream of the round, epoch})[0]; the upper halves of lanes hold what multiplication ignores.
  void philox_word(uint32_t round, __m256i (&word)[2]) const {
    const __m256i factor0 = all(0xD2511F53u), factor1 = all(0xCD9E8D57u);
    __m256i c0[2] = {word[0], word[1]}, c1[2], c2[2], c3[2];
    for (int i = 0; i < 2; ++i) {
      c1[i] = all(random_stream(RandomSite::data_order, round));
      c2[i] = all(static_cast<uint32_t>(epoch_));
      c3[i] = all(static_cast<uint32_t>(epoch_ >> 32));
    }
    PhiloxKey key = key_;
    for (int i = 0; i < 10; ++i) {
      const __m256i key0 = all(key[0]), key1 = all(key[1]);
      for (int k = 0; k < 2; ++k) {
        const __m256i product0 = _mm256_mul_epu32(factor0, c0[k]), product1 = _mm256_mul_epu32(factor1, c2[k]);
        c0[k] = _mm256_xor_si256(_mm256_xor_si256(high_word(product1), c1[k]), key0);
        c2[k] = _mm256_xor_si256(_mm256_xor_si256(high_word(product0), c3[k]), key1);
        c1[k] = product1;
        c3[k] = product0;
      }
      key[0] += 0x9E3779B9u;
      key[1] += 0xBB67AE85u;
    }
    const __m256i word_mask = all(0xffffffffu);
    for (int k = 0; k < 2; ++k) word[k] = _mm256_and_si256(c0[k], word_mask);
  }

  PhiloxKey key_;
  uint64_t epoch_;
  int half_bits_;
  Way way_;
};

}  // namespace convoy
