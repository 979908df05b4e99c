#include "tests/virtual_gpu/interpreter/number_formats.h"

namespace convoy::vgpu {

double round_to_format(double x, int mantissa_bits, int min_exponent, int rounding) {
  if (x == 0 || x != x || std::isinf(x)) return x;
  int exponent;
  std::frexp(x, &exponent);
  exponent = std::max(exponent - 1, min_exponent);
  const double ulp = std::ldexp(1.0, exponent - mantissa_bits);
  const double ulps = x / ulp;
  switch (rounding) {
    case kRz:
      return std::trunc(ulps) * ulp;
    case kRm:
      return std::floor(ulps) * ulp;
    case kRp:
      return std::ceil(ulps) * ulp;
    case kRna:
      return std::copysign(std::floor(std::fabs(ulps) + 0.5), ulps) * ulp;
    default:
      return std::nearbyint(ulps) * ulp;
  }
}

u8 encode_f8(float x, const F8Format& format) {
  if (x != x) return 0x7f;
  const int mantissa_bits = format.mantissa_bits, bias = format.exponent_bias;
  const u8 sign = std::signbit(x) ? 0x80 : 0;
  const double magnitude =
      std::min(format.largest, round_to_format(std::fabs(static_cast<double>(x)), mantissa_bits, 1 - bias, kRn));
  if (magnitude == 0) return sign;
  int exponent;
  std::frexp(magnitude, &exponent);
  exponent -= 1;
  if (exponent < 1 - bias) return sign | static_cast<u8>(std::ldexp(magnitude, bias - 1 + mantissa_bits));
  const double mantissa = std::ldexp(magnitude, mantissa_bits - exponent) - (1 << mantissa_bits);
  return sign | static_cast<u8>((exponent + bias) << mantissa_bits) | static_cast<u8>(mantissa);
}

float decode_f8(u8 bits, const F8Format& format) {
  const int mantissa_bits = format.mantissa_bits, bias = format.exponent_bias;
  const int exponent = (bits & 0x7f) >> mantissa_bits, mantissa = bits & ((1 << mantissa_bits) - 1);
  const float sign = bits & 0x80 ? -1.f : 1.f;
  if (format.has_infinity && exponent == 31) return mantissa ? NAN : sign * INFINITY;
  if (!format.has_infinity && (bits & 0x7f) == 0x7f) return NAN;
  if (!exponent) return sign * std::ldexp(static_cast<float>(mantissa), 1 - bias - mantissa_bits);
  return sign * std::ldexp(static_cast<float>((1 << mantissa_bits) + mantissa), exponent - bias - mantissa_bits);
}

}  // namespace convoy::vgpu
