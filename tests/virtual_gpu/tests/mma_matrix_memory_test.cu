// ldmatrix, stmatrix and movmatrix against the tables of the PTX ISA manual: with x1, x2 and x4, with and without
// .trans, rows at scattered addresses, every element of every matrix different.
#include <cstdint>

#include "tests/virtual_gpu/tests/check.h"

namespace {
using convoy::virtual_gpu_test::compute_capability;
using convoy::virtual_gpu_test::DeviceArray;

constexpr int kLanes = 32, kSide = 8, kMatrices = 4, kRows = kMatrices * kSide;
constexpr int kPitch = 24;  // elements from row to row in shared memory: rows are apart, each 16-byte aligned

__device__ uint32_t shared_address(const void* p) { return static_cast<uint32_t>(__cvta_generic_to_shared(p)); }
// Rows do not lie in order: row 5 k + 3 (mod 32) comes k-th.
__host__ __device__ int place_of(int row) { return (row * 13 + 25) % kRows; }

template <int COUNT, bool TRANS>
__global__ void ldmatrix_kernel(uint32_t* out, const uint16_t* in) {
  __shared__ __align__(16) uint16_t memory[kRows * kPitch];
  const int lane = threadIdx.x;
  for (int column = 0; column < kSide; ++column) memory[place_of(lane) * kPitch + column] = in[lane * kSide + column];
  __syncthreads();
  // Lanes whose address the instruction does not read give one that would fault.
  const uint32_t address = lane < COUNT * kSide ? shared_address(memory + place_of(lane) * kPitch) : 0x7ffffff1u;
  uint32_t r[4] = {};
  if constexpr (COUNT == 1 && !TRANS)
    asm volatile("ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%0}, [%1];" : "=r"(r[0]) : "r"(address));
  if constexpr (COUNT == 1 && TRANS)
    asm volatile("ldmatrix.sync.aligned.m8n8.x1.trans.shared.b16 {%0}, [%1];" : "=r"(r[0]) : "r"(address));
  if constexpr (COUNT == 2 && !TRANS)
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0, %1}, [%2];" : "=r"(r[0]), "=r"(r[1]) : "r"(address));
  if constexpr (COUNT == 2 && TRANS)
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];"
                 : "=r"(r[0]), "=r"(r[1])
                 : "r"(address));
  if constexpr (COUNT == 4 && !TRANS)
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(address));
  if constexpr (COUNT == 4 && TRANS)
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(address));
  for (int k = 0; k < COUNT; ++k) out[k * kLanes + lane] = r[k];
}

// Needs compute capability 9.0; before it the kernel is empty.
template <bool TRANS>
__global__ void stmatrix_kernel(uint16_t* out, const uint32_t* in) {
#if __CUDA_ARCH__ >= 900
  __shared__ __align__(16) uint16_t memory[kRows * kPitch];
  const int lane = threadIdx.x;
  const uint32_t address = shared_address(memory + place_of(lane) * kPitch);
  const uint32_t a = in[lane], b = in[kLanes + lane], c = in[2 * kLanes + lane], d = in[3 * kLanes + lane];
  if constexpr (TRANS)
    asm volatile("stmatrix.sync.aligned.m8n8.x4.trans.shared.b16 [%0], {%1, %2, %3, %4};" ::"r"(address), "r"(a),
                 "r"(b), "r"(c), "r"(d)
                 : "memory");
  else
    asm volatile("stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0], {%1, %2, %3, %4};" ::"r"(address), "r"(a), "r"(b),
                 "r"(c), "r"(d)
                 : "memory");
  __syncthreads();
  for (int column = 0; column < kSide; ++column) out[lane * kSide + column] = memory[place_of(lane) * kPitch + column];
#endif
}

__global__ void movmatrix_kernel(uint32_t* out, const uint32_t* in) {
  uint32_t moved;
  asm volatile("movmatrix.sync.aligned.m8n8.trans.b16 %0, %1;" : "=r"(moved) : "r"(in[threadIdx.x]));
  out[threadIdx.x] = moved;
}

uint16_t element(int matrix, int row, int column) {
  return static_cast<uint16_t>(1000 * matrix + 100 * row + 7 * column + 1);
}
// The manual: without .trans, lane l holds elements 2 (l % 4) and 2 (l % 4) + 1 of row l / 4, the first in the lower
// half.
uint32_t fragment(int matrix, int lane, bool transposed) {
  const int line = lane / 4, first = 2 * (lane % 4);
  const uint16_t low = transposed ? element(matrix, first, line) : element(matrix, line, first);
  const uint16_t high = transposed ? element(matrix, first + 1, line) : element(matrix, line, first + 1);
  return low | static_cast<uint32_t>(high) << 16;
}
std::vector<uint16_t> all_elements() {
  std::vector<uint16_t> elements;
  for (int row = 0; row < kRows; ++row)
    for (int column = 0; column < kSide; ++column) elements.push_back(element(row / kSide, row % kSide, column));
  return elements;
}
std::vector<uint32_t> all_fragments(bool transposed) {
  std::vector<uint32_t> fragments;
  for (int k = 0; k < kMatrices; ++k)
    for (int lane = 0; lane < kLanes; ++lane) fragments.push_back(fragment(k, lane, transposed));
  return fragments;
}

template <int COUNT, bool TRANS>
void check_ldmatrix() {
  DeviceArray<uint16_t> in(all_elements());
  DeviceArray<uint32_t> out(kMatrices * kLanes);
  ldmatrix_kernel<COUNT, TRANS><<<1, kLanes>>>(out.data(), in.data());
  const std::vector<uint32_t> found = out.values();
  for (int k = 0; k < COUNT; ++k)
    for (int lane = 0; lane < kLanes; ++lane) EXPECT_EQ(found[k * kLanes + lane], fragment(k, lane, TRANS));
}
CASE(ldmatrix_x1) { check_ldmatrix<1, false>(); }
CASE(ldmatrix_x2) { check_ldmatrix<2, false>(); }
CASE(ldmatrix_x4) { check_ldmatrix<4, false>(); }
CASE(ldmatrix_x1_trans) { check_ldmatrix<1, true>(); }
CASE(ldmatrix_x2_trans) { check_ldmatrix<2, true>(); }
CASE(ldmatrix_x4_trans) { check_ldmatrix<4, true>(); }

template <bool TRANS>
void check_stmatrix() {
  if (compute_capability() < 90) return;
  DeviceArray<uint32_t> in(all_fragments(TRANS));
  DeviceArray<uint16_t> out(kRows * kSide);
  stmatrix_kernel<TRANS><<<1, kLanes>>>(out.data(), in.data());
  EXPECT(out.values() == all_elements());
}
CASE(stmatrix_x4) { check_stmatrix<false>(); }
CASE(stmatrix_x4_trans) { check_stmatrix<true>(); }

CASE(movmatrix_transposes) {
  DeviceArray<uint32_t> in(all_fragments(false)), out(kLanes);
  movmatrix_kernel<<<1, kLanes>>>(out.data(), in.data());
  const std::vector<uint32_t> found = out.values();
  for (int lane = 0; lane < kLanes; ++lane) EXPECT_EQ(found[lane], fragment(0, lane, true));
}

}  // namespace
