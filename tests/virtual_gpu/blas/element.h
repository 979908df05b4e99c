// Elements of matrices: f32, f16, bf16 in memory, f32 in hand.
#pragma once
#include <library_types.h>

#include <cmath>
#include <cstdint>
#include <cstring>

namespace convoy::vgpu {
// 0: not supported.
inline size_t element_bytes(cudaDataType_t type) {
  switch (type) {
    case CUDA_R_32F:
      return 4;
    case CUDA_R_16F:
    case CUDA_R_16BF:
      return 2;
    default:
      return 0;
  }
}

inline const char* name_of(cudaDataType_t type) {
  switch (type) {
    case CUDA_R_32F:
      return "f32";
    case CUDA_R_16F:
      return "f16";
    case CUDA_R_16BF:
      return "bf16";
    default:
      return "a type that is not supported";
  }
}

// The three element types, with conversions from and to float; to float16 and bfloat16 rounds to nearest even.
struct F32 {
  float value;
  float to_float() const { return value; }
  static F32 from(float x) { return {x}; }
};

struct F16 {
  uint16_t bits;
  float to_float() const {
    _Float16 half;
    memcpy(&half, &bits, sizeof half);
    return static_cast<float>(half);
  }
  static F16 from(float x) {
    const auto half = static_cast<_Float16>(x);
    F16 result;
    memcpy(&result.bits, &half, sizeof half);
    return result;
  }
};

struct BF16 {
  uint16_t bits;
  float to_float() const {
    const uint32_t word = uint32_t{bits} << 16;
    float x;
    memcpy(&x, &word, sizeof x);
    return x;
  }
  static BF16 from(float x) {
    if (std::isnan(x)) return {0x7fff};
    uint32_t word;
    memcpy(&word, &x, sizeof word);
    return {static_cast<uint16_t>((word + 0x7fff + (word >> 16 & 1)) >> 16)};
  }
};

// Calls body(Element{}) with the type's element.
template <class Body>
void with_element(cudaDataType_t type, Body body) {
  if (type == CUDA_R_32F)
    body(F32{});
  else if (type == CUDA_R_16BF)
    body(BF16{});
  else
    body(F16{});
}

// To 10 bits of mantissa, ties away from zero, as tensor cores take f32 in TF32 mode.
inline float round_to_tf32(float x) {
  uint32_t word;
  memcpy(&word, &x, sizeof word);
  if ((word & 0x7f800000) == 0x7f800000) return x;  // infinity or NaN
  word = (word + 0x1000) & ~0x1fffu;
  memcpy(&x, &word, sizeof x);
  return x;
}
}  // namespace convoy::vgpu
