// f16 and bf16, alone and packed, tf32 and 8-bit floats: arithmetic rounded once, and conversions.
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>

#include <cmath>
#include <cstdint>
#include <cstring>

#include "tests/virtual_gpu/tests/check.h"

namespace {
using convoy::virtual_gpu_test::compute_capability;
using convoy::virtual_gpu_test::DeviceArray;

float as_bf16(double x) { return __bfloat162float(__float2bfloat16(static_cast<float>(x))); }
float as_half(double x) { return __half2float(__float2half(static_cast<float>(x))); }
uint32_t pair_of(__nv_bfloat16 low, __nv_bfloat16 high) {
  return __bfloat16_as_ushort(low) | static_cast<uint32_t>(__bfloat16_as_ushort(high)) << 16;
}
uint32_t pair_of(__half low, __half high) {
  return __half_as_ushort(low) | static_cast<uint32_t>(__half_as_ushort(high)) << 16;
}
uint32_t bf16_pair(float low, float high) { return pair_of(__float2bfloat16(low), __float2bfloat16(high)); }
uint32_t half_pair(float low, float high) { return pair_of(__float2half(low), __float2half(high)); }

__global__ void arithmetic_kernel(float* out, const __nv_bfloat16* a, const __half* b) {
  const int t = threadIdx.x;
  __nv_bfloat162 x = __halves2bfloat162(a[2 * t], a[2 * t + 1]);
  __half2 y = __halves2half2(b[2 * t], b[2 * t + 1]);
  x = __hfma2(x, x, x);
  y = __hmul2(__hadd2(y, y), y);
  const __nv_bfloat162 larger = __hmax2(x, __float2bfloat162_rn(1.f));
  out[4 * t] = __low2float(larger) + __high2float(x);
  out[4 * t + 1] = __low2float(y) - __high2float(y);
  out[4 * t + 2] = __hgt(x.x, x.y) ? 1.f : 0.f;
  out[4 * t + 3] = __bfloat162float(hexp(a[2 * t])) + __half2float(hsqrt(__habs(b[2 * t])));
}
CASE(arithmetic) {
  std::vector<__nv_bfloat16> a(64);
  std::vector<__half> b(64);
  for (int i = 0; i < 64; ++i) {
    a[i] = __float2bfloat16(0.37f * i - 5);
    b[i] = __float2half(0.11f * i - 2);
  }
  DeviceArray<__nv_bfloat16> da(a);
  DeviceArray<__half> db(b);
  DeviceArray<float> out(128);
  arithmetic_kernel<<<1, 32>>>(out.data(), da.data(), db.data());
  const std::vector<float> found = out.values();
  for (int t = 0; t < 32; ++t) {
    const float a0 = __bfloat162float(a[2 * t]), a1 = __bfloat162float(a[2 * t + 1]);
    const float b0 = __half2float(b[2 * t]), b1 = __half2float(b[2 * t + 1]);
    const float x0 = as_bf16(double{a0} * a0 + a0), x1 = as_bf16(double{a1} * a1 + a1);
    const float y0 = as_half(as_half(b0 + b0) * b0), y1 = as_half(as_half(b1 + b1) * b1);
    EXPECT_EQ(found[4 * t], std::fmax(x0, 1.f) + x1);
    EXPECT_EQ(found[4 * t + 1], y0 - y1);
    EXPECT_EQ(found[4 * t + 2], x0 > x1 ? 1.f : 0.f);
    const float wanted = as_bf16(std::exp(a0)) + as_half(std::sqrt(std::fabs(b0)));
    EXPECT(std::fabs(found[4 * t + 3] - wanted) <= 0.01f * std::fabs(wanted));
  }
}

#define ASM_FF(SLOT, TEXT) asm volatile(TEXT : "=r"(out[SLOT]) : "f"(x), "f"(y))
#define ASM_R(SLOT, TEXT, BITS) asm volatile(TEXT : "=r"(out[SLOT]) : "r"(BITS))

__global__ void conversions_kernel(uint32_t* out, float x, float y, float large) {
  ASM_FF(0, "cvt.rn.bf16x2.f32 %0, %1, %2;");  // the first operand becomes the upper half
  ASM_FF(1, "cvt.rn.f16x2.f32 %0, %1, %2;");
  ASM_FF(2, "cvt.rz.bf16x2.f32 %0, %1, %2;");
  ASM_FF(3, "cvt.rn.relu.bf16x2.f32 %0, %1, %2;");
  asm volatile("cvt.rna.tf32.f32 %0, %1;" : "=r"(out[4]) : "f"(x));
  asm volatile("{.reg .b16 h; cvt.rn.f16.f32 h, %1; mov.b32 %0, {h, h};}" : "=r"(out[5]) : "f"(large));
  asm volatile("{.reg .b16 h; cvt.rz.f16.f32 h, %1; mov.b32 %0, {h, h};}" : "=r"(out[6]) : "f"(large));
  asm volatile("{.reg .b16 h; cvt.rn.f16.s32 h, %1; mov.b32 %0, {h, h};}" : "=r"(out[7]) : "r"(-2049));
  asm volatile("{.reg .b16 h, g; mov.b32 {h, g}, %1; cvt.rzi.s32.f16 %0, h;}" : "=r"(out[8]) : "r"(0xc5e0));  // -5.875
}
CASE(conversions) {
  const float x = 1.0001f, y = -2.7182818f;
  DeviceArray<uint32_t> out(9);
  conversions_kernel<<<1, 1>>>(out.data(), x, y, 1e6f);
  const std::vector<uint32_t> found = out.values();
  EXPECT_EQ(found[0], bf16_pair(y, x));
  EXPECT_EQ(found[1], half_pair(y, x));
  EXPECT_EQ(found[2], pair_of(__float2bfloat16_rz(y), __float2bfloat16_rz(x)));
  EXPECT_EQ(found[3], bf16_pair(0.f, x));
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  EXPECT_EQ(found[4] & 0xffffe000u, (bits + 0x1000) & 0xffffe000u);
  EXPECT_EQ(found[5], 0x7c007c00u);
  EXPECT_EQ(found[6], 0x7bff7bffu);
  EXPECT_EQ(found[7], half_pair(-2048.f, -2048.f));
  EXPECT_EQ(int(found[8]), -5);
}

__global__ void packed_kernel(uint32_t* out, uint32_t bf16, uint32_t half) {
  ASM_R(0, "ex2.approx.ftz.bf16x2 %0, %1;", bf16);
  ASM_R(1, "ex2.approx.f16x2 %0, %1;", half);
  ASM_R(2, "tanh.approx.bf16x2 %0, %1;", bf16);
  ASM_R(3, "neg.bf16x2 %0, %1;", bf16);
  ASM_R(4, "abs.f16x2 %0, %1;", half);
  ASM_R(5, "fma.rn.relu.bf16x2 %0, %1, %1, %1;", bf16);
  ASM_R(6, "add.rn.sat.f16x2 %0, %1, %1;", half);
  ASM_R(7, "{.reg .b32 t; mov.b32 t, 0x7fc03f80; min.NaN.bf16x2 %0, %1, t;}", bf16);
#if __CUDA_ARCH__ >= 900
  ASM_R(8,
        "{.reg .pred p, q; .reg .b32 t; mov.b32 t, 0; setp.gt.bf16x2 p|q, %1, t; selp.u32 %0, 1, 0, p; "
        "@q add.u32 %0, %0, 2;}",
        bf16);
#endif
}
CASE(packed_instructions) {
  const bool has_bf16_comparison = compute_capability() >= 90;
  const float bl = -1.5f, bh = 0.75f, hl = 0.25f, hh = -3.f;
  DeviceArray<uint32_t> out(9);
  packed_kernel<<<1, 1>>>(out.data(), bf16_pair(bl, bh), half_pair(hl, hh));
  const std::vector<uint32_t> found = out.values();
  EXPECT_EQ(found[0], bf16_pair(std::exp2(bl), std::exp2(bh)));
  EXPECT_EQ(found[1], half_pair(std::exp2(hl), std::exp2(hh)));
  EXPECT_EQ(found[2], bf16_pair(std::tanh(bl), std::tanh(bh)));
  EXPECT_EQ(found[3], bf16_pair(-bl, -bh));
  EXPECT_EQ(found[4], half_pair(hl, -hh));
  EXPECT_EQ(found[5], bf16_pair(bl * bl + bl, bh * bh + bh));
  EXPECT_EQ(found[6], half_pair(0.5f, 0.f));
  EXPECT_EQ(found[7] & 0xffff, bf16_pair(bl, 0) & 0xffff);
  EXPECT((found[7] >> 16 & 0x7fff) > 0x7f80);  // NaN
  if (has_bf16_comparison) EXPECT_EQ(found[8], 2u);
}

__global__ void f8_kernel(float* out, float x, float y) {
  out[0] = static_cast<float>(__nv_fp8_e4m3(y));
  out[1] = static_cast<float>(__nv_fp8_e5m2(x));
  out[2] = static_cast<float>(__nv_fp8_e4m3(1000.f));
}
CASE(eight_bit_floats) {
  DeviceArray<float> out(3);
  f8_kernel<<<1, 1>>>(out.data(), 0.7f, 2.3f);
  const std::vector<float> found = out.values();
  EXPECT_EQ(found[0], 2.25f);
  EXPECT_EQ(found[1], 0.75f);
  EXPECT_EQ(found[2], 448.f);
}

}  // namespace
