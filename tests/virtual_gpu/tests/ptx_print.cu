// A kernel that prints; what it prints is compared by the test that runs this program.
#include <cstdio>

#include "tests/virtual_gpu/tests/check.h"

namespace {

__global__ void print_kernel(int n) {
  if (static_cast<int>(threadIdx.x) < n)
    printf("thread %d of %s: %5.2f %c %x %lld%% %*d|%-6s|\n", threadIdx.x, "printing", threadIdx.x * 1.5, 'z', 255u,
           1234567890123ll, 4, 7, "left");
}
CASE(prints) {
  print_kernel<<<1, 4>>>(2);
  EXPECT_SUCCESS(cudaDeviceSynchronize());
}

}  // namespace
