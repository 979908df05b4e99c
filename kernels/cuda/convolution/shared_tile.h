// Tiles in shared memory for products of convolutions: rows of 128 bytes of either type, in 16-byte pieces that are
// swizzled as attention's are (../attention/swizzled_tile.h). With rows of a product's terms, the 32 bytes that an
// ldmatrix.x4 reads of 16 rows are the operand of one mma of bf16 (16 terms) and of one of TF32 (8).
#pragma once

#include "kernels/cuda/attention/swizzled_tile.h"
#include "kernels/cuda/convolution/convolution_kernels.h"

namespace convoy::cuda {

// How a product is computed.
enum class Math { bf16, tf32, f32 };
template <Math kMath>
struct MathOf {
  using Real = float;
};
template <>
struct MathOf<Math::bf16> {
  using Real = __nv_bfloat16;
};

using RowTile = SwizzledTile<64>;  // 64 bf16 or 32 f32 a row
inline constexpr int kRowBytes = RowTile::kRowBytes, kRowPieces = RowTile::kPieces;
static_assert(kRowBytes == kTileRowBytes);
template <class Real>
inline constexpr int kRowElements = kRowBytes / static_cast<int>(sizeof(Real));

// Of TF32: the nearest number of 10 bits of mantissa, of two equally near the greater in magnitude.
__device__ inline uint32_t round_to_tf32(uint32_t word) {
  uint32_t rounded;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(rounded) : "f"(__uint_as_float(word)));
  return rounded;
}

// sums += left right, 16 x 8 x 8, of TF32.
__device__ inline void multiply_add_tf32(float (&sums)[4], const uint32_t (&left)[4], uint32_t right0,
                                         uint32_t right1) {
  asm volatile(
      "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%0, %1, %2, %3};"
      : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
      : "r"(left[0]), "r"(left[1]), "r"(left[2]), "r"(left[3]), "r"(right0), "r"(right1));
}

__device__ inline void store_shared_words(uint32_t address, const uint4& words) {
  asm volatile("st.shared.v4.u32 [%0], {%1, %2, %3, %4};" ::"r"(address), "r"(words.x), "r"(words.y), "r"(words.z),
               "r"(words.w)
               : "memory");
}
__device__ inline float4 load_shared_floats(uint32_t address) {
  float4 values;
  asm volatile("ld.shared.v4.f32 {%0, %1, %2, %3}, [%4];"
               : "=f"(values.x), "=f"(values.y), "=f"(values.z), "=f"(values.w)
               : "r"(address)
               : "memory");
  return values;
}
__device__ inline uint32_t load_shared_word(uint32_t address) {
  uint32_t word;
  asm volatile("ld.shared.u32 %0, [%1];" : "=r"(word) : "r"(address) : "memory");
  return word;
}

}  // namespace convoy::cuda
