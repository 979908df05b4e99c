// After a device error every call returns it, and nothing runs any more; the program exits with 86.
#include "tests/virtual_gpu/tests/check.h"

namespace {
__global__ void write_kernel(int* p) { *p = 1; }

CASE(errors_stick) {
  int *p, *never_written;
  EXPECT_SUCCESS(cudaMalloc(&p, 4));
  EXPECT_SUCCESS(cudaMallocHost(&never_written, 4));
  *never_written = 5;
  write_kernel<<<1, 1>>>(nullptr);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);  // it has not run
  EXPECT_EQ(cudaDeviceSynchronize(), cudaErrorIllegalAddress);
  EXPECT_EQ(cudaMemset(p, 0, 4), cudaErrorIllegalAddress);
  write_kernel<<<1, 1>>>(never_written);
  EXPECT_EQ(cudaGetLastError(), cudaErrorIllegalAddress);
  EXPECT_EQ(cudaGetLastError(), cudaErrorIllegalAddress);  // it stays
  EXPECT_EQ(cudaDeviceSynchronize(), cudaErrorIllegalAddress);
  EXPECT_EQ(*never_written, 5);
}
}  // namespace
