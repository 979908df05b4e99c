// Kernels whose PTX the virtual GPU does not know. It must say so when they are launched, naming line and text.
//
// nvcc would not compile them: each has a good instruction that the build changes in the finished program
// (CMakeLists.txt, ptx_bad_words), to the wrong one that its comment names.
#include "tests/virtual_gpu/tests/check.h"

namespace {
using convoy::virtual_gpu_test::DeviceArray;

template <class Kernel>
void expect_refusal(Kernel kernel) {
  DeviceArray<unsigned> out(32);
  kernel<<<1, 32>>>(out.data());
  EXPECT(cudaGetLastError() != cudaSuccess);
}

__global__ void unknown_opcode_kernel(unsigned* out) {  // frob.b32
  unsigned x;
  asm volatile("brev.b32 %0, %1;" : "=r"(x) : "r"(threadIdx.x));
  out[threadIdx.x] = x;
}
CASE(unknown_opcode) { expect_refusal(unknown_opcode_kernel); }

__global__ void unknown_modifier_kernel(unsigned* out) {  // sub.odd.s32
  unsigned x;
  asm volatile("sub.sat.s32 %0, %1, 1;" : "=r"(x) : "r"(threadIdx.x));
  out[threadIdx.x] = x;
}
CASE(unknown_modifier) { expect_refusal(unknown_modifier_kernel); }

__global__ void unknown_type_kernel(unsigned* out) {  // popc.f32
  unsigned x;
  asm volatile("popc.b32 %0, %1;" : "=r"(x) : "r"(threadIdx.x));
  out[threadIdx.x] = x;
}
CASE(unknown_type) { expect_refusal(unknown_type_kernel); }

__global__ void unknown_special_register_kernel(unsigned* out) {  // %lanemask_xy
  unsigned x;
  asm volatile("mov.u32 %0, %%lanemask_ge;" : "=r"(x));
  out[threadIdx.x] = x;
}
CASE(unknown_special_register) { expect_refusal(unknown_special_register_kernel); }

__global__ void wrong_operand_count_kernel(unsigned* out) {  // and.b32 with two operands
  unsigned x;
  asm volatile("not.b32 %0, %1;" : "=r"(x) : "r"(threadIdx.x));
  out[threadIdx.x] = x;
}
CASE(wrong_operand_count) { expect_refusal(wrong_operand_count_kernel); }

__global__ void wrong_register_width_kernel(unsigned* out) {  // abs.s64 of 32-bit registers
  unsigned x;
  asm volatile("abs.s32 %0, %1;" : "=r"(x) : "r"(threadIdx.x));
  out[threadIdx.x] = x;
}
CASE(wrong_register_width) { expect_refusal(wrong_register_width_kernel); }

__device__ __noinline__ unsigned odd(unsigned n);
__device__ __noinline__ unsigned even(unsigned n) { return n == 0 ? 1 : odd(n - 1) * n; }
__device__ __noinline__ unsigned odd(unsigned n) { return n == 0 ? 0 : even(n - 1) + 3; }
__global__ void recursion_kernel(unsigned* out) { out[threadIdx.x] = even(threadIdx.x) + odd(threadIdx.x); }
CASE(recursion) { expect_refusal(recursion_kernel); }

}  // namespace
