// The vector functions of kernels/cpu/simd for tests: applied to arrays, one table per instruction set.
#pragma once

#include <array>
#include <cstdint>

namespace convoy::test {

struct SimdFunctions {
  using Unary = void (*)(float* y, const float* x, int64_t vectors);  // 16 elements a vector
  Unary exp, exp2, tanh, log;
  float (*sum_lanes)(const float* x);
  // 16 counters {first + lane, c1, c2, c3}; words (16, 4).
  void (*philox)(uint32_t* words, uint64_t seed, std::array<uint32_t, 4> first);
};

namespace avx2 {
extern const SimdFunctions functions;
}
namespace avx512 {
extern const SimdFunctions functions;
}

}  // namespace convoy::test
