// A permutation of [0, size) as a pure function of (seed, epoch, index): no memory, any index at once.
//
// A Feistel network over the smallest even number of bits that holds the size, with Philox as its round function.
// Values outside the range are sent through again until they fall inside (cycle walking), which keeps it a bijection:
// Black and Rogaway, "Ciphers with arbitrary finite domains" (2002).
#pragma once

#include <cstdint>
#include <span>

#include "core/base/philox.h"

namespace convoy {

class KeyedPermutation {
 public:
  // 0 < size < 2^62.
  KeyedPermutation(uint64_t seed, uint64_t epoch, int64_t size);

  int64_t operator()(int64_t index) const;  // index in [0, size)
  // Each index becomes what operator() says, a few of them at a time: five times as fast.
  void permute(std::span<int64_t> indices) const;
  // The way back: each value becomes the index that operator() takes to it.
  void invert(std::span<int64_t> values) const;

 private:
  uint64_t encrypt(uint64_t value) const;

  PhiloxKey key_;
  uint64_t epoch_;
  uint64_t size_;
  int half_bits_;
};

}  // namespace convoy
