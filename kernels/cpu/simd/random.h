// Philox and dropout masks of core/ops/dropout.h, sixteen counters at a time.
#pragma once

namespace convoy::cpu::CONVOY_ISA {
namespace {

// counter becomes the four words that core/base/philox.h gives, in each lane.
inline void philox(PhiloxKey key, I32x16 counter[4]) {
  for (int round_number = 0; round_number < 10; ++round_number) {
    I32x16 high0, low0, high1, low1;
    multiply_wide(counter[0], 0xD2511F53u, high0, low0);
    multiply_wide(counter[2], 0xCD9E8D57u, high1, low1);
    counter[0] = high1 ^ counter[1] ^ broadcast(static_cast<int32_t>(key[0]));
    counter[1] = low1;
    counter[2] = high0 ^ counter[3] ^ broadcast(static_cast<int32_t>(key[1]));
    counter[3] = low0;
    key[0] += 0x9E3779B9u;
    key[1] += 0xBB67AE85u;
  }
}

// What all rows of a call share.
struct DropoutKeys {
  PhiloxKey key{};
  I32x16 stream{};
  I32x16 threshold{};  // kept: upper 24 bits of the word > threshold
  F32x16 scale{};      // 1 / (1 - p)
  uint64_t first_sample = 0;
  uint64_t rows_per_sample = 1;

  explicit DropoutKeys(const Dropout& dropout) {
    if (dropout.p == 0) return;
    key = philox_key(dropout.seed);
    stream = broadcast(static_cast<int32_t>(dropout.stream));
    // bits * 2^-24 >= p, in whole numbers: exact, since scaling by a power of two is.
    threshold = broadcast(static_cast<int32_t>(std::ceil(dropout.p * 0x1p24f)) - 1);
    scale = broadcast(1.0f / (1.0f - dropout.p));
    first_sample = static_cast<uint64_t>(*static_cast<const int64_t*>(dropout.first_sample.data));
    rows_per_sample = static_cast<uint64_t>(dropout.rows_per_sample);
  }

  uint64_t index_of_row(int64_t row) const {
    const auto r = static_cast<uint64_t>(row);
    return (first_sample + r / rows_per_sample) * rows_per_sample + r % rows_per_sample;
  }
  // What an element is multiplied by: 0 or 1 / (1 - p).
  F32x16 factor(I32x16 word) const { return select(threshold < shift_right<8>(word), scale, broadcast(0.0f)); }
};

// Words of elements [element, element + 64), in sequence; element is a multiple of 64.
inline void random_words(PhiloxKey key, I32x16 stream, uint64_t index, int64_t element, I32x16 sequence[4]) {
  // Groups of four elements in the order that makes the transposition inside 128-bit parts put them in sequence.
  alignas(64) static constexpr int32_t kGroups[kLanes] = {0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15};
  I32x16 words[4] = {load(kGroups) + broadcast(static_cast<int32_t>(element / 4)), stream,
                     broadcast(static_cast<int32_t>(index)), broadcast(static_cast<int32_t>(index >> 32))};
  philox(key, words);
  F32x16 mixed[4] = {from_bits(words[0]), from_bits(words[1]), from_bits(words[2]), from_bits(words[3])};
  transpose_quarters(mixed);
  for (int v = 0; v < 4; ++v) sequence[v] = bits_of(mixed[v]);
}

// Factors of elements [element, element + 64) of one row; element is a multiple of 64.
inline void dropout_factors(const DropoutKeys& keys, uint64_t index, int64_t element, F32x16 factors[4]) {
  I32x16 words[4];
  random_words(keys.key, keys.stream, index, element, words);
  for (int v = 0; v < 4; ++v) factors[v] = keys.factor(words[v]);
}

// body(i, Full or Part, factor) along one row of n elements.
template <class Body>
inline void for_dropout_vectors(const DropoutKeys& keys, int64_t row, int64_t n, const Body& body) {
  const uint64_t index = keys.index_of_row(row);
  for (int64_t start = 0; start < n; start += 4 * kLanes) {
    F32x16 factors[4];
    dropout_factors(keys, index, start, factors);
    for_vectors(std::min<int64_t>(n - start, 4 * kLanes),
                [&](int64_t i, auto lanes) { body(start + i, lanes, factors[i / kLanes]); });
  }
}

}  // namespace
}  // namespace convoy::cpu::CONVOY_ISA
