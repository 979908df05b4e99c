// f32 and f64 instructions: rounding modes, saturation, subnormals, comparisons, minima, special functions.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "tests/virtual_gpu/tests/check.h"

namespace {
using convoy::virtual_gpu_test::DeviceArray;

float next_towards_zero(float x) { return std::nextafter(x, 0.f); }
// The exact value x as a float, rounded in the given direction.
float rounded_down(double x) {
  const float f = static_cast<float>(x);
  return f > x ? std::nextafter(f, -INFINITY) : f;
}
float rounded_up(double x) {
  const float f = static_cast<float>(x);
  return f < x ? std::nextafter(f, INFINITY) : f;
}
float rounded_to_zero(double x) {
  const float f = static_cast<float>(x);
  return std::fabs(double{f}) > std::fabs(x) ? next_towards_zero(f) : f;
}
bool is_near(double found, double wanted, double tolerance = 2e-6) {
  return std::fabs(found - wanted) <= tolerance * std::fmax(1.0, std::fabs(wanted));
}

// ---- the same C++ on both sides; 1e-4 for what the compilers contract differently ----
__host__ __device__ double mixed(float a, float b, double c) {
  float r = a * b + 0.5f;
  r += sqrtf(fabsf(a));
  r -= a / (b + 20.f);
  r = fmaxf(r, b) + fminf(a, b);
  r += floorf(a) + ceilf(b) * 2 + truncf(a) * 3 + rintf(b) * 4;
  r += static_cast<float>(static_cast<int>(a)) + static_cast<float>(static_cast<unsigned>(fabsf(b)));
  r += static_cast<float>(static_cast<long long>(a * 100)) + static_cast<float>(static_cast<short>(b));
  r += copysignf(2.f, b) + (a < b ? 1.f : 2.f) + (isnan(a / (b - b)) ? 3 : 0);
  double d = c * a + b;
  d = d / (c + 30) + sqrt(fabs(c)) + floor(c) + static_cast<double>(static_cast<int>(c));
  d += fmax(c, static_cast<double>(a)) - static_cast<double>(static_cast<long long>(c * 1e6)) * 1e-7;
  return d + r;
}
__global__ void mixed_kernel(double* out, const float* x) {
  const int t = threadIdx.x;
  out[t] = mixed(x[t], x[t ^ 1], x[t ^ 2] * 1.25);
}
CASE(operators) {
  const int n = 256;
  std::vector<float> x(n);
  for (int i = 0; i < n; ++i) x[i] = static_cast<float>((i * 7919 + 13) % 20001 - 10000) * 0.00137f;
  DeviceArray<float> in(x);
  DeviceArray<double> out(n);
  mixed_kernel<<<1, n>>>(out.data(), in.data());
  const std::vector<double> found = out.values();
  for (int i = 0; i < n; ++i) EXPECT(is_near(found[i], mixed(x[i], x[i ^ 1], x[i ^ 2] * 1.25), 1e-4));
}

constexpr float kX = 0.7f, kY = 2.3f;
constexpr double kD = -3.14159265358979;

template <class Kernel>
std::vector<float> run(Kernel kernel, size_t slots) {
  DeviceArray<float> out(slots);
  kernel<<<1, 1>>>(out.data(), kX, kY, kD);
  return out.values();
}
#define ASM2(SLOT, TEXT) asm volatile(TEXT : "=f"(out[SLOT]) : "f"(x), "f"(y))
#define ASM0(SLOT, TEXT) asm volatile(TEXT : "=f"(out[SLOT]))

__global__ void rounding_kernel(float* out, float x, float y, double d) {
  out[0] = __fadd_rz(x, y);
  out[1] = __fadd_ru(x, y);
  out[2] = __fmul_rd(x, y);
  out[3] = __fmaf_rz(x, y, 0.1f);
  out[4] = __double2float_rz(d);
  out[5] = __double2float_ru(d);
  out[6] = __int2float_rd(0x7fffffff);
  out[7] = __fsqrt_ru(y);
  out[8] = __fdiv_rd(x, y);
}
CASE(rounding_modes) {
  const std::vector<float> found = run(rounding_kernel, 9);
  const double x = kX, y = kY;
  EXPECT_EQ(found[0], rounded_to_zero(x + y));
  EXPECT_EQ(found[1], rounded_up(x + y));
  EXPECT_EQ(found[2], rounded_down(x * y));
  EXPECT_EQ(found[3], rounded_to_zero(x * y + 0.1f));
  EXPECT_EQ(found[4], rounded_to_zero(kD));
  EXPECT_EQ(found[5], rounded_up(kD));
  EXPECT_EQ(found[6], rounded_down(2147483647.0));
  EXPECT_EQ(found[7], rounded_up(std::sqrt(y)));
  EXPECT_EQ(found[8], rounded_down(x / y));
}

__global__ void limits_kernel(float* out, float x, float y, double) {
  ASM2(0, "mul.sat.f32 %0, %1, %2;");
  ASM0(1, "add.sat.f32 %0, 0f7FC00000, 0f3F800000;");  // NaN saturates to 0
  ASM0(2, "mul.ftz.f32 %0, 0f00400000, 0f40000000;");  // a subnormal input counts as 0
  ASM0(3, "mul.f32 %0, 0f00400000, 0f40000000;");
  ASM0(4, "mul.ftz.f32 %0, 0f80800000, 0f3F000000;");  // so does a subnormal result, with its sign
  ASM0(5, "min.f32 %0, 0f7FC00000, 0f3F800000;");      // the number
  ASM0(6, "min.NaN.f32 %0, 0f7FC00000, 0f3F800000;");
  ASM0(7, "max.f32 %0, 0f80000000, 0f00000000;");  // -0 is less than +0
  ASM2(8, "max.xorsign.abs.f32 %0, %1, %2;");
  asm volatile("min.xorsign.abs.f32 %0, %1, %2;" : "=f"(out[9]) : "f"(-x), "f"(y));
  ASM2(10, "copysign.f32 %0, 0fBF800000, %2;");
}
CASE(saturation_subnormals_and_nan) {
  const std::vector<float> found = run(limits_kernel, 11);
  EXPECT_EQ(found[0], 1.f);
  EXPECT_EQ(found[1], 0.f);
  EXPECT_EQ(found[2], 0.f);
  EXPECT_EQ(found[3], std::numeric_limits<float>::min());
  EXPECT(found[4] == 0.f && std::signbit(found[4]));
  EXPECT_EQ(found[5], 1.f);
  EXPECT(std::isnan(found[6]));
  EXPECT(!std::signbit(found[7]));
  EXPECT_EQ(found[8], kY);
  EXPECT_EQ(found[9], -kX);
  EXPECT_EQ(found[10], -kY);
}

__global__ void special_kernel(float* out, float x, float y, double) {
  out[0] = __expf(x);
  out[1] = __logf(y);
  out[2] = __sinf(x);
  out[3] = __cosf(x);
  out[4] = rsqrtf(y);
  out[5] = tanhf(x);
  out[6] = erff(x);
  out[7] = powf(y, x);
  out[8] = __frcp_rn(y);
  asm volatile("tanh.approx.f32 %0, %1;" : "=f"(out[9]) : "f"(x));
  ASM0(10, "ex2.approx.ftz.f32 %0, 0fC3000000;");  // 2^-128 is subnormal
  ASM0(11, "ex2.approx.f32 %0, 0fFF800000;");
  ASM0(12, "ex2.approx.f32 %0, 0f42FE0000;");  // 2^127
  ASM0(13, "ex2.approx.f32 %0, 0f43000000;");  // 2^128
}
CASE(special_functions) {
  const std::vector<float> found = run(special_kernel, 14);
  const double wanted[] = {std::exp(kX),  std::log(kY), std::sin(kX),     std::cos(kX),   1 / std::sqrt(kY),
                           std::tanh(kX), std::erf(kX), std::pow(kY, kX), 1 / double{kY}, std::tanh(kX)};
  for (int k = 0; k < 10; ++k) EXPECT(is_near(found[k], wanted[k]));
  EXPECT_EQ(found[10], 0.f);
  EXPECT_EQ(found[11], 0.f);
  EXPECT_EQ(found[12], std::ldexp(1.f, 127));
  EXPECT_EQ(found[13], INFINITY);
}

__global__ void f64_kernel(double* out, double d) {
  out[0] = __dadd_ru(d, 1e-20);
  out[1] = __ll2double_rz(0x7fffffffffffffffll);
  out[2] = fma(d, d, -1.0);
  out[3] = static_cast<double>(__double2ll_rd(d * 1e10));
  asm volatile("{.reg .pred p; testp.finite.f64 p, %1; selp.f64 %0, 1.0, 2.0, p;}" : "=d"(out[4]) : "d"(d));
}
CASE(f64) {
  DeviceArray<double> out(5);
  f64_kernel<<<1, 1>>>(out.data(), kD);
  const std::vector<double> found = out.values();
  EXPECT_EQ(found[0], std::nextafter(kD, 0.0));
  EXPECT_EQ(found[1], std::nextafter(9223372036854775808.0, 0.0));
  EXPECT_EQ(found[2], std::fma(kD, kD, -1.0));
  EXPECT_EQ(found[3], std::floor(kD * 1e10));
  EXPECT_EQ(found[4], 1.0);
}

// Every comparison on (1, 2), (2, 1), (1, 1) and (1, NaN).
__global__ void compare_kernel(unsigned* out, const float* a, const float* b) {
  const int t = threadIdx.x;
  unsigned bits = 0;
#define COMPARE(BIT, NAME)                                                            \
  {                                                                                   \
    unsigned yes;                                                                     \
    asm volatile("{.reg .pred p; setp." NAME ".f32 p, %1, %2; selp.u32 %0, 1, 0, p;}" \
                 : "=r"(yes)                                                          \
                 : "f"(a[t]), "f"(b[t]));                                             \
    bits |= yes << BIT;                                                               \
  }
  COMPARE(0, "eq")
  COMPARE(1, "ne") COMPARE(2, "lt") COMPARE(3, "le") COMPARE(4, "gt") COMPARE(5, "ge") COMPARE(6, "equ")
      COMPARE(7, "neu") COMPARE(8, "ltu") COMPARE(9, "leu") COMPARE(10, "gtu") COMPARE(11, "geu") COMPARE(12, "num")
          COMPARE(13, "nan")
#undef COMPARE
              out[t] = bits;
}
CASE(comparisons) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  DeviceArray<float> a(std::vector<float>{1, 2, 1, 1}), b(std::vector<float>{2, 1, 1, nan});
  DeviceArray<unsigned> out(4);
  compare_kernel<<<1, 4>>>(out.data(), a.data(), b.data());
  const std::vector<unsigned> found = out.values();
  EXPECT_EQ(found[0], 0b01'001110'001110u);
  EXPECT_EQ(found[1], 0b01'110010'110010u);
  EXPECT_EQ(found[2], 0b01'101001'101001u);
  EXPECT_EQ(found[3], 0b10'111111'000000u);
}

}  // namespace
