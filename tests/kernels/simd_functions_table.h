// The body of the table in simd_functions.h, included behind begin_avx2.h or begin_avx512.h.
#pragma once

#include <array>

#include "kernels/cpu/simd/memory.h"
//
#include "kernels/cpu/simd/math.h"
#include "kernels/cpu/simd/random.h"

namespace convoy::test::CONVOY_ISA {
namespace {

namespace simd = cpu::CONVOY_ISA;

template <simd::F32x16 (*kFunction)(simd::F32x16)>
void apply(float* y, const float* x, int64_t vectors) {
  for (int64_t i = 0; i < vectors * 16; i += 16) simd::store(y + i, kFunction(simd::load(x + i)));
}

float lanes(const float* x) { return simd::sum_lanes(simd::load(x)); }

void philox_words(uint32_t* words, uint64_t seed, std::array<uint32_t, 4> first) {
  simd::I32x16 counter[4];
  for (int word = 0; word < 4; ++word)
    counter[word] = simd::broadcast(static_cast<int32_t>(first[static_cast<size_t>(word)]));
  counter[0] = counter[0] + simd::lane_numbers();
  simd::philox(philox_key(seed), counter);
  for (int word = 0; word < 4; ++word) {
    int32_t lane_words[16];
    simd::store(lane_words, counter[word]);
    for (int lane = 0; lane < 16; ++lane) words[lane * 4 + word] = static_cast<uint32_t>(lane_words[lane]);
  }
}

}  // namespace

const SimdFunctions functions = {apply<simd::exp>, apply<simd::exp2>, apply<simd::tanh>, apply<simd::log>, lanes,
                                 philox_words};

}  // namespace convoy::test::CONVOY_ISA
