// The 16-bit and 8-bit floating-point formats, and rounding to any of them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>

#include "tests/virtual_gpu/ptx/types.h"

namespace convoy::vgpu {

struct half_t {
  u16 b;
};
struct bf16_t {
  u16 b;
};

inline float bits_to_float(u32 u) {
  float f;
  memcpy(&f, &u, sizeof f);
  return f;
}
inline u32 float_to_bits(float f) {
  u32 u;
  memcpy(&u, &f, sizeof u);
  return u;
}
inline float to_float(half_t h) {
  _Float16 x;
  memcpy(&x, &h, sizeof x);
  return static_cast<float>(x);
}
inline float to_float(bf16_t h) { return bits_to_float(static_cast<u32>(h.b) << 16); }
inline float to_float(float f) { return f; }

// To the nearest, ties to even; every NaN becomes 0x7fff, as on the device.
inline half_t to_half(float f) {
  _Float16 x = static_cast<_Float16>(f);
  half_t h;
  memcpy(&h, &x, sizeof h);
  if (f != f) h.b = 0x7fff;
  return h;
}
inline bf16_t to_bf16(float f) {
  const u32 u = float_to_bits(f);
  const u32 rounded = (u + 0x7fff + ((u >> 16) & 1)) >> 16;
  return bf16_t{static_cast<u16>(f != f ? 0x7fff : rounded)};
}

// Rounding modes as PTX names them: Rna is to the nearest, ties away from zero; the last four round to integers.
enum Rounding : u8 { kRn, kRz, kRm, kRp, kRna, kRni, kRzi, kRmi, kRpi };

// x rounded to `mantissa_bits` explicit bits, with exponents of at least `min_exponent` (below it the format is
// subnormal).
double round_to_format(double x, int mantissa_bits, int min_exponent, int rounding);

struct F8Format {
  int mantissa_bits, exponent_bias;
  double largest;
  bool has_infinity;  // e4m3 has none, and only one NaN
};
constexpr F8Format kE4M3{3, 7, 448.0, false};
constexpr F8Format kE5M2{2, 15, 57344.0, true};

u8 encode_f8(float x, const F8Format& format);  // saturates to the largest finite value; NaN becomes 0x7f
float decode_f8(u8 bits, const F8Format& format);

}  // namespace convoy::vgpu
