// Integer instructions: C++ operators as the compiler translates them, then single instructions, against the host.
#include <cstdint>
#include <limits>

#include "tests/virtual_gpu/tests/check.h"

namespace {
using convoy::virtual_gpu_test::compute_capability;
using convoy::virtual_gpu_test::DeviceArray;
using std::uint64_t;

// ---- the same C++ on both sides ----
template <class T>
__host__ __device__ T mixed(T a, T b) {
  T r = a * 3 + b;
  r ^= a >> 3;
  r += b << 2;
  r -= a / (b | 1);
  r += a % (b | 1);
  r ^= ~b;
  r = a < b ? r + 1 : r - 2;
  r += (a & b) | (a ^ 77);
  r += -b;
  return r;
}
__host__ __device__ uint64_t mixed_in_all_types(uint64_t x, uint64_t y) {
  uint64_t r = mixed<int32_t>(int32_t(x), int32_t(y));
  r = r * 31 + mixed<uint32_t>(uint32_t(x), uint32_t(y));
  r = r * 31 + uint64_t(mixed<int64_t>(int64_t(x >> 9), int64_t(y)));
  r = r * 31 + mixed<uint64_t>(x, y);
  r = r * 31 + uint16_t(mixed<int16_t>(int16_t(x), int16_t(y)));
  r = r * 31 + uint8_t(mixed<uint8_t>(uint8_t(x), uint8_t(y)));
  return r * 31 + uint8_t(mixed<int8_t>(int8_t(x), int8_t(y)));
}
__global__ void mixed_kernel(uint64_t* out, const uint64_t* x) {
  const int t = blockIdx.x * blockDim.x + threadIdx.x;
  out[t] = mixed_in_all_types(x[t], x[t ^ 1]);
}
CASE(operators_of_all_types) {
  const int n = 512;
  std::vector<uint64_t> x(n);
  uint64_t state = 88172645463325252ull;  // xorshift
  for (int i = 0; i < n; ++i) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    x[i] = state >> (i % 40);
  }
  DeviceArray<uint64_t> in(x), out(n);
  mixed_kernel<<<2, n / 2>>>(out.data(), in.data());
  const std::vector<uint64_t> found = out.values();
  for (int i = 0; i < n; ++i) EXPECT_EQ(found[i], mixed_in_all_types(x[i], x[i ^ 1]));
}

// ---- one instruction a slot, on the same two numbers ----
constexpr uint32_t kA = 0x9abc1234, kB = 0x87651fed;

template <class Kernel>
std::vector<uint32_t> run(Kernel kernel, size_t slots) {
  DeviceArray<uint32_t> out(slots);
  kernel<<<1, 1>>>(out.data(), kA, kB);
  return out.values();
}

#define ASM2(SLOT, TEXT) asm volatile(TEXT : "=r"(out[SLOT]) : "r"(a), "r"(b))
#define ASM1(SLOT, TEXT) asm volatile(TEXT : "=r"(out[SLOT]) : "r"(a))

__global__ void bits_kernel(uint32_t* out, uint32_t a, uint32_t b) {
  out[0] = __brev(a);
  out[1] = __clz(a >> 5);
  out[2] = __popc(a);
  out[3] = __byte_perm(a, b, 0x7153);
  out[4] = __funnelshift_l(a, b, 7);
  out[5] = __funnelshift_r(a, b, 9);
  ASM1(6, "bfe.s32 %0, %1, 5, 9;");
  ASM2(7, "bfi.b32 %0, %2, %1, 4, 8;");
  ASM2(8, "lop3.b32 %0, %1, %2, 0x0f0f0f0f, 0xE8;");
  ASM1(9, "bfind.u32 %0, %1;");
  ASM1(10, "bfind.shiftamt.s32 %0, %1;");
  ASM1(11, "prmt.b32.b4e %0, %1, 0x55667788, 2;");
  out[12] = __clzll(uint64_t{a} << 3);
  ASM1(13, "szext.clamp.s32 %0, %1, 13;");
  asm volatile("bmsk.wrap.b32 %0, 5, 12;" : "=r"(out[14]));
}
CASE(bits) {
  const std::vector<uint32_t> found = run(bits_kernel, 15);
  uint32_t reversed = 0;
  for (int i = 0; i < 32; ++i) reversed |= (kA >> i & 1) << (31 - i);
  EXPECT_EQ(found[0], reversed);
  EXPECT_EQ(found[1], 5u);
  EXPECT_EQ(found[2], uint32_t(__builtin_popcount(kA)));
  const uint64_t bytes = kA | uint64_t{kB} << 32;
  const auto byte = [&](int k) { return uint32_t(bytes >> (8 * k)) & 255; };
  EXPECT_EQ(found[3], byte(3) | byte(5) << 8 | byte(1) << 16 | byte(7) << 24);
  EXPECT_EQ(found[4], kB << 7 | kA >> 25);
  EXPECT_EQ(found[5], kA >> 9 | kB << 23);
  EXPECT_EQ(int(found[6]), int(kA << 18) >> 23);
  EXPECT_EQ(found[7], (kA & ~0xff0u) | (kB & 255) << 4);
  const uint32_t c = 0x0f0f0f0f;
  EXPECT_EQ(found[8], (kA & kB) | (kA & c) | (kB & c));
  EXPECT_EQ(found[9], 31u);
  EXPECT_EQ(found[10], uint32_t(__builtin_clz(~kA)));
  EXPECT_EQ(found[11], uint32_t((kA >> 16 & 255) | (kA >> 8 & 255) << 8 | (kA & 255) << 16 | 0x55u << 24));
  EXPECT_EQ(found[12], uint32_t(__builtin_clzll(uint64_t{kA} << 3)));
  EXPECT_EQ(int(found[13]), int(kA << 19) >> 19);
  EXPECT_EQ(found[14], 0xfffu << 5);
}

__global__ void products_kernel(uint32_t* out, uint32_t a, uint32_t b) {
  out[0] = __umulhi(a, b);
  out[1] = uint32_t(__mulhi(int(a), int(b)));
  ASM2(2, "mul24.lo.u32 %0, %1, %2;");
  ASM2(3, "mul24.hi.s32 %0, %1, %2;");
  ASM2(4, "sad.u32 %0, %1, %2, 5;");
  out[5] = uint32_t(__dp4a(int(a), int(b), 7));
  out[6] = __dp4a(a, b, 7u);
  ASM2(7, "dp2a.hi.s32.u32 %0, %1, %2, 9;");
  asm volatile("mad.lo.cc.u32 %0, %2, %3, 0xffffff00; madc.hi.u32 %1, %2, %3, 9;"
               : "=&r"(out[8]), "=r"(out[9])
               : "r"(a), "r"(b));
  asm volatile("add.cc.u32 %0, %2, 0xffffffff; addc.u32 %1, %3, 1;" : "=&r"(out[10]), "=r"(out[11]) : "r"(a), "r"(b));
  asm volatile("sub.cc.u32 %0, 5, %2; subc.u32 %1, %3, 1;" : "=&r"(out[12]), "=r"(out[13]) : "r"(a), "r"(b));
  ASM2(14, "add.sat.s32 %0, %1, %2;");
  ASM2(15, "max.s32 %0, %1, %2;");
  ASM2(16, "min.u32 %0, %1, %2;");
}
CASE(products_sums_and_carries) {
  const std::vector<uint32_t> found = run(products_kernel, 17);
  EXPECT_EQ(found[0], uint32_t(uint64_t{kA} * kB >> 32));
  EXPECT_EQ(found[1], uint32_t(int64_t{int(kA)} * int(kB) >> 32));
  EXPECT_EQ(found[2], (kA & 0xffffff) * (kB & 0xffffff));
  EXPECT_EQ(found[3], uint32_t(int64_t{int(kA << 8) >> 8} * (int(kB << 8) >> 8) >> 16));
  EXPECT_EQ(found[4], kA - kB + 5);
  uint32_t signed_dot = 7, unsigned_dot = 7;
  for (int i = 0; i < 32; i += 8) {
    signed_dot += uint32_t(int(int8_t(kA >> i)) * int8_t(kB >> i));
    unsigned_dot += (kA >> i & 255) * (kB >> i & 255);
  }
  EXPECT_EQ(found[5], signed_dot);
  EXPECT_EQ(found[6], unsigned_dot);
  EXPECT_EQ(int(found[7]), 9 + int16_t(kA) * int(kB >> 16 & 255) + int16_t(kA >> 16) * int(kB >> 24));
  const uint64_t product = uint64_t{kA} * kB + (9ull << 32 | 0xffffff00u);
  EXPECT_EQ(found[8] | uint64_t{found[9]} << 32, product);
  EXPECT_EQ(found[10] | uint64_t{found[11]} << 32, (uint64_t{kB} << 32 | kA) + (1ull << 32 | 0xffffffffu));
  EXPECT_EQ(found[12] | uint64_t{found[13]} << 32, (uint64_t{kB} << 32 | 5u) - (1ull << 32 | kA));
  EXPECT_EQ(found[14], 0x80000000u);
  EXPECT_EQ(found[15], kA);
  EXPECT_EQ(found[16], kB);
}

__global__ void predicates_kernel(uint32_t* out, uint32_t a, uint32_t b) {
  ASM2(0, "{.reg .pred p, q; setp.lt.and.u32 p|q, %1, %2, 1; selp.u32 %0, 3, 4, p; @q add.u32 %0, %0, 10;}");
  ASM2(1, "set.gt.u32.u32 %0, %1, %2;");
  ASM1(2, "slct.u32.s32 %0, 11, 12, %1;");
  ASM2(3,
       "{.reg .pred p, q, r; setp.lt.s32 p, %1, 0; setp.eq.u32 q, %2, 7; not.pred r, q; and.pred p, p, r; "
       "xor.pred q, p, q; selp.u32 %0, 21, 22, q;}");
}
CASE(predicates) {
  const std::vector<uint32_t> found = run(predicates_kernel, 4);
  EXPECT_EQ(found[0], kA < kB ? 3u : 14u);
  EXPECT_EQ(found[1], kA > kB ? ~0u : 0u);
  EXPECT_EQ(found[2], 12u);
  EXPECT_EQ(found[3], 21u);
}

// ---- two 16-bit integers in a register (9.0), and packing with saturation ----
__global__ void packed_kernel(uint32_t* out, uint32_t a, uint32_t b) {
#if __CUDA_ARCH__ >= 900
  ASM2(0, "add.u16x2 %0, %1, %2;");
  ASM2(1, "min.s16x2 %0, %1, %2;");
  ASM2(2, "max.u16x2 %0, %1, %2;");
  ASM2(3, "max.s16x2.relu %0, %1, %2;");
  ASM2(4, "min.relu.s32 %0, %1, %2;");
#endif
}
uint32_t per_half(uint16_t (*f)(uint16_t, uint16_t)) {
  return f(uint16_t(kA), uint16_t(kB)) | uint32_t{f(uint16_t(kA >> 16), uint16_t(kB >> 16))} << 16;
}
CASE(packed_16_bit_integers) {
  if (compute_capability() < 90) return;
  const std::vector<uint32_t> found = run(packed_kernel, 5);
  EXPECT_EQ(found[0], per_half([](uint16_t a, uint16_t b) { return uint16_t(a + b); }));
  EXPECT_EQ(found[1], per_half([](uint16_t a, uint16_t b) { return uint16_t(std::min(int16_t(a), int16_t(b))); }));
  EXPECT_EQ(found[2], per_half([](uint16_t a, uint16_t b) { return std::max(a, b); }));
  EXPECT_EQ(found[3], per_half([](uint16_t a, uint16_t b) {
              return uint16_t(std::max(int16_t{0}, std::max(int16_t(a), int16_t(b))));
            }));
  EXPECT_EQ(found[4], 0u);
}

__global__ void pack_kernel(uint32_t* out, uint32_t a, uint32_t b) {
  ASM2(0, "cvt.pack.sat.s16.s32 %0, %1, %2;");
  asm volatile("cvt.pack.sat.u16.s32 %0, 70000, -3;" : "=r"(out[1]));
  asm volatile("cvt.pack.sat.u8.s32.b32 %0, 300, 17, %1;" : "=r"(out[2]) : "r"(a));
  asm volatile("cvt.pack.sat.s8.s32.b32 %0, -300, -17, %1;" : "=r"(out[3]) : "r"(b));
}
CASE(packing_saturates) {
  const std::vector<uint32_t> found = run(pack_kernel, 4);
  EXPECT_EQ(found[0], 0x80008000u);
  EXPECT_EQ(found[1], 0xffff0000u);
  EXPECT_EQ(found[2], kA << 16 | 0xff11u);
  EXPECT_EQ(found[3], kB << 16 | 0x80efu);
}

// ---- conversions ----
__global__ void conversions_kernel(uint32_t* out, uint32_t a, uint32_t b) {
  ASM1(0, "cvt.s32.s8 %0, %1;");
  ASM1(1, "cvt.sat.s16.s32 %0, %1;");
  ASM1(2, "{.reg .u64 w; cvt.u64.u32 w, %1; shl.b64 w, w, 7; shr.u64 w, w, 20; cvt.u32.u64 %0, w;}");
  const float x = 700.5f;
  asm volatile("cvt.rni.sat.u8.f32 %0, %1;" : "=r"(out[3]) : "f"(x));
  asm volatile("cvt.rzi.s32.f32 %0, %1;" : "=r"(out[4]) : "f"(-x));
  asm volatile("cvt.rpi.s32.f32 %0, %1;" : "=r"(out[5]) : "f"(-x));
  asm volatile("cvt.rzi.s32.f32 %0, 0f7FC00000;" : "=r"(out[6]));
  asm volatile("cvt.rzi.u32.f32 %0, 0fFF800000;" : "=r"(out[7]));
  ASM1(8, "{.reg .u64 w; cvt.u64.u32 w, %1; shl.b64 w, w, 4; cvt.s64.s32 w, w; shr.s64 w, w, 28; cvt.u32.u64 %0, w;}");
}
CASE(conversions) {
  const std::vector<uint32_t> found = run(conversions_kernel, 9);
  EXPECT_EQ(int(found[0]), int(int8_t(kA)));
  EXPECT_EQ(int(int16_t(found[1])), int(std::numeric_limits<int16_t>::min()));
  EXPECT_EQ(found[2], uint32_t((uint64_t{kA} << 7) >> 20));
  EXPECT_EQ(found[3], 255u);
  EXPECT_EQ(int(found[4]), -700);
  EXPECT_EQ(int(found[5]), -700);
  EXPECT_EQ(found[6], 0u);
  EXPECT_EQ(found[7], 0u);
  EXPECT_EQ(found[8], uint32_t(int64_t{int32_t(kA << 4)} >> 28));  // an integer in a wider register
}

}  // namespace
