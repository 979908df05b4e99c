// Which matrix element each register of each lane holds in mma.sync, against the tables of the PTX ISA manual ("Matrix
// Fragments for mma.m16n8k4/k8/k16/k32"), written here as the manual gives them. The host places the elements of
// made-up matrices without any symmetry into registers by these tables; the kernel only issues the instruction.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>
#include <cstring>

#include "tests/virtual_gpu/tests/check.h"

namespace {
using convoy::virtual_gpu_test::DeviceArray;

constexpr int kLanes = 32, kM = 16, kN = 8;

struct Registers {  // of one lane
  uint32_t a[4], b[2], c[4], d[4];
};

enum Shape { kF16K16, kF16K8, kF16K16Half, kBf16K16, kBf16K8, kTf32K8, kTf32K4, kS8K32, kS8K16, kU8K32 };

#define D4 "{%0, %1, %2, %3}"
#define MMA_F32(SHAPE, TYPE, A_LIST, B_LIST)                                                                \
  asm volatile("mma.sync.aligned." SHAPE ".row.col.f32." TYPE "." TYPE ".f32 " D4 ", " A_LIST ", " B_LIST   \
               ", {%10, %11, %12, %13};"                                                                    \
               : "=r"(r.d[0]), "=r"(r.d[1]), "=r"(r.d[2]), "=r"(r.d[3])                                     \
               : "r"(r.a[0]), "r"(r.a[1]), "r"(r.a[2]), "r"(r.a[3]), "r"(r.b[0]), "r"(r.b[1]), "r"(r.c[0]), \
                 "r"(r.c[1]), "r"(r.c[2]), "r"(r.c[3]))
#define MMA_S32(SHAPE, TYPE, A_LIST, B_LIST)                                                                \
  asm volatile("mma.sync.aligned." SHAPE ".row.col.s32." TYPE ".s32 " D4 ", " A_LIST ", " B_LIST            \
               ", {%10, %11, %12, %13};"                                                                    \
               : "=r"(r.d[0]), "=r"(r.d[1]), "=r"(r.d[2]), "=r"(r.d[3])                                     \
               : "r"(r.a[0]), "r"(r.a[1]), "r"(r.a[2]), "r"(r.a[3]), "r"(r.b[0]), "r"(r.b[1]), "r"(r.c[0]), \
                 "r"(r.c[1]), "r"(r.c[2]), "r"(r.c[3]))
#define A4 "{%4, %5, %6, %7}"
#define A2 "{%4, %5}"
#define B2 "{%8, %9}"
#define B1 "{%8}"

template <Shape S>
__global__ void mma_kernel(Registers* registers) {
  Registers r = registers[threadIdx.x];
  if constexpr (S == kF16K16) MMA_F32("m16n8k16", "f16", A4, B2);
  if constexpr (S == kF16K8) MMA_F32("m16n8k8", "f16", A2, B1);
  if constexpr (S == kBf16K16) MMA_F32("m16n8k16", "bf16", A4, B2);
  if constexpr (S == kBf16K8) MMA_F32("m16n8k8", "bf16", A2, B1);
  if constexpr (S == kTf32K8) MMA_F32("m16n8k8", "tf32", A4, B2);
  if constexpr (S == kTf32K4) MMA_F32("m16n8k4", "tf32", A2, B1);
  if constexpr (S == kS8K32) MMA_S32("m16n8k32", "s8.s8", A4, B2);
  if constexpr (S == kS8K16) MMA_S32("m16n8k16", "s8.s8", A2, B1);
  if constexpr (S == kU8K32) MMA_S32("m16n8k32", "u8.s8", A4, B2);
  if constexpr (S == kF16K16Half)
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f16.f16.f16.f16 {%0, %1}, {%2, %3, %4, %5}, {%6, %7}, {%8, %9};"
                 : "=r"(r.d[0]), "=r"(r.d[1])
                 : "r"(r.a[0]), "r"(r.a[1]), "r"(r.a[2]), "r"(r.a[3]), "r"(r.b[0]), "r"(r.b[1]), "r"(r.c[0]),
                   "r"(r.c[1]));
  registers[threadIdx.x] = r;
}

// ---- the manual's tables: row and column of element i of a lane's fragment ----
struct Place {
  int row, column;
};
struct Lane {
  int group, thread;  // groupID and threadID_in_group
  explicit Lane(int lane) : group(lane >> 2), thread(lane % 4) {}
};

Place a_16bit_k16(Lane l, int i) {
  const bool upper = (0 <= i && i < 2) || (4 <= i && i < 6);
  return {upper ? l.group : l.group + 8, i < 4 ? l.thread * 2 + (i & 1) : l.thread * 2 + (i & 1) + 8};
}
Place b_16bit_k16(Lane l, int i) { return {i < 2 ? l.thread * 2 + (i & 1) : l.thread * 2 + (i & 1) + 8, l.group}; }
Place a_16bit_k8(Lane l, int i) { return {i < 2 ? l.group : l.group + 8, l.thread * 2 + (i & 1)}; }
Place b_16bit_k8(Lane l, int i) { return {l.thread * 2 + i, l.group}; }
Place a_tf32_k8(Lane l, int i) { return {i == 0 || i == 2 ? l.group : l.group + 8, i < 2 ? l.thread : l.thread + 4}; }
Place b_tf32_k8(Lane l, int i) { return {i == 0 ? l.thread : l.thread + 4, l.group}; }
Place a_tf32_k4(Lane l, int i) { return {i == 0 ? l.group : l.group + 8, l.thread}; }
Place b_tf32_k4(Lane l, int) { return {l.thread, l.group}; }
Place a_8bit_k32(Lane l, int i) {
  const bool upper = (0 <= i && i < 4) || (8 <= i && i < 12);
  return {upper ? l.group : l.group + 8, i < 8 ? l.thread * 4 + (i & 3) : l.thread * 4 + (i & 3) + 16};
}
Place b_8bit_k32(Lane l, int i) { return {i < 4 ? l.thread * 4 + (i & 3) : l.thread * 4 + (i & 3) + 16, l.group}; }
Place a_8bit_k16(Lane l, int i) { return {i < 4 ? l.group : l.group + 8, l.thread * 4 + (i & 3)}; }
Place b_8bit_k16(Lane l, int i) { return {l.thread * 4 + (i & 3), l.group}; }
Place accumulator(Lane l, int i) { return {i < 2 ? l.group : l.group + 8, l.thread * 2 + (i & 1)}; }

// ---- small integers, exact in every type, different along rows and columns ----
int a_value(int row, int k) { return (row * 37 + k * 11 + row * k) % 13 - (row + k) % 7; }
int b_value(int k, int column) { return (k * 23 + column * 5 + k * column) % 11 - (3 * column + k) % 5; }
int c_value(int row, int column) { return row * 29 - column * 17 + 3; }

uint32_t bits_of(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}
float float_of(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}
uint32_t encode_f16(int x) { return __half_as_ushort(__float2half(static_cast<float>(x))); }
uint32_t encode_bf16(int x) { return __bfloat16_as_ushort(__float2bfloat16(static_cast<float>(x))); }
// Tensor cores ignore the low 13 bits of tf32: rubbish there may not show.
uint32_t encode_tf32(int x) { return bits_of(static_cast<float>(x)) | 0x155; }
uint32_t encode_8bit(int x) { return static_cast<uint8_t>(x); }

struct Table {
  int K, element_bits;
  Place (*a)(Lane, int);
  Place (*b)(Lane, int);
  uint32_t (*encode)(int);
};

void put(uint32_t* registers, int i, int element_bits, uint32_t bits) {
  const int per_register = 32 / element_bits;
  registers[i / per_register] |= bits << (i % per_register * element_bits);
}

template <Shape S>
void check(const Table& table, bool is_integer, bool unsigned_a = false) {
  const auto a = [&](int row, int k) { return unsigned_a ? a_value(row, k) & 255 : a_value(row, k); };
  const bool half_accumulator = S == kF16K16Half;
  std::vector<Registers> registers(kLanes, Registers{});
  const int a_elements = kM * table.K / kLanes, b_elements = kN * table.K / kLanes, c_elements = kM * kN / kLanes;
  for (int lane = 0; lane < kLanes; ++lane) {
    Registers& r = registers[lane];
    for (int i = 0; i < a_elements; ++i) {
      const Place p = table.a(Lane(lane), i);
      put(r.a, i, table.element_bits, table.encode(a(p.row, p.column)));
    }
    for (int i = 0; i < b_elements; ++i) {
      const Place p = table.b(Lane(lane), i);
      put(r.b, i, table.element_bits, table.encode(b_value(p.row, p.column)));
    }
    for (int i = 0; i < c_elements; ++i) {
      const Place p = accumulator(Lane(lane), i);
      const int c = c_value(p.row, p.column);
      if (half_accumulator)
        put(r.c, i, 16, encode_f16(c));
      else
        r.c[i] = is_integer ? static_cast<uint32_t>(c) : bits_of(static_cast<float>(c));
    }
  }
  DeviceArray<Registers> on_device(registers);
  mma_kernel<S><<<1, kLanes>>>(on_device.data());
  registers = on_device.values();
  for (int lane = 0; lane < kLanes; ++lane)
    for (int i = 0; i < c_elements; ++i) {
      const Place p = accumulator(Lane(lane), i);
      int wanted = c_value(p.row, p.column);
      for (int k = 0; k < table.K; ++k) wanted += a(p.row, k) * b_value(k, p.column);
      const uint32_t* d = registers[lane].d;
      if (half_accumulator)
        EXPECT_EQ(d[i / 2] >> (i % 2 * 16) & 0xffff, encode_f16(wanted));
      else if (is_integer)
        EXPECT_EQ(static_cast<int>(d[i]), wanted);
      else
        EXPECT_EQ(float_of(d[i]), static_cast<float>(wanted));
    }
}

CASE(f16_k16) { check<kF16K16>({16, 16, a_16bit_k16, b_16bit_k16, encode_f16}, false); }
CASE(f16_k8) { check<kF16K8>({8, 16, a_16bit_k8, b_16bit_k8, encode_f16}, false); }
CASE(f16_k16_half_accumulator) { check<kF16K16Half>({16, 16, a_16bit_k16, b_16bit_k16, encode_f16}, false); }
CASE(bf16_k16) { check<kBf16K16>({16, 16, a_16bit_k16, b_16bit_k16, encode_bf16}, false); }
CASE(bf16_k8) { check<kBf16K8>({8, 16, a_16bit_k8, b_16bit_k8, encode_bf16}, false); }
CASE(tf32_k8) { check<kTf32K8>({8, 32, a_tf32_k8, b_tf32_k8, encode_tf32}, false); }
CASE(tf32_k4) { check<kTf32K4>({4, 32, a_tf32_k4, b_tf32_k4, encode_tf32}, false); }
CASE(s8_k32) { check<kS8K32>({32, 8, a_8bit_k32, b_8bit_k32, encode_8bit}, true); }
CASE(s8_k16) { check<kS8K16>({16, 8, a_8bit_k16, b_8bit_k16, encode_8bit}, true); }
CASE(u8_with_s8_k32) { check<kU8K32>({32, 8, a_8bit_k32, b_8bit_k32, encode_8bit}, true, true); }

}  // namespace
