// The instructions of tensor cores and of asynchronous copies, one function each. PTX ISA: "mma.m16n8k16",
// "ldmatrix", "cp.async".
//
// Fragments of a 16 x 16 left operand: 4 registers of two bf16; of a 16 x 8 right operand: 2; of the 16 x 8 sums: 4
// f32, of which lane l holds columns 2 (l % 4) and the next, rows l / 4 (the first two) and l / 4 + 8.
#pragma once

#include <cuda_bf16.h>
#include <cuda_runtime.h>

#include <cstdint>

namespace convoy::cuda {

// Four 8 x 8 matrices of bf16: lane l gives the address of row l % 8 of matrix l / 8.
__device__ inline void load_matrices(uint32_t (&registers)[4], uint32_t shared_address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(registers[0]), "=r"(registers[1]), "=r"(registers[2]), "=r"(registers[3])
               : "r"(shared_address)
               : "memory");
}
__device__ inline void load_matrices_transposed(uint32_t (&registers)[4], uint32_t shared_address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(registers[0]), "=r"(registers[1]), "=r"(registers[2]), "=r"(registers[3])
               : "r"(shared_address)
               : "memory");
}

// sums += left right.
__device__ inline void multiply_add(float (&sums)[4], const uint32_t (&left)[4], uint32_t right0, uint32_t right1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%0, %1, %2, %3};"
      : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
      : "r"(left[0]), "r"(left[1]), "r"(left[2]), "r"(left[3]), "r"(right0), "r"(right1));
}

// 16 bytes from global to shared memory, past the L1 cache; zeros if not `exists`, and then nothing is read.
__device__ inline void copy_async(uint32_t shared_address, const void* global, bool exists) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address), "l"(global), "r"(exists ? 16 : 0)
               : "memory");
}
// Until all copies of this thread are there.
__device__ inline void wait_for_copies() { asm volatile("cp.async.wait_all;" ::: "memory"); }

// 2^x to 2 units in the last place; results below 2^-126 are zero.
__device__ inline float fast_exp2(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

// Two numbers as bf16, the first in the lower half.
__device__ inline uint32_t pack_bf16(float low, float high) {
  union {
    __nv_bfloat162 pair;
    uint32_t word;
  } u;
  u.pair = __floats2bfloat162_rn(low, high);
  return u.word;
}

}  // namespace convoy::cuda
