// Copies and fills of every shape, __device__ and __constant__ variables, and launches with extended configurations.
#include "tests/virtual_gpu/tests/check.h"

namespace {
using convoy::virtual_gpu_test::DeviceArray;

__constant__ float table[4];
__device__ int counter;
__device__ float initialised[3] = {1.5f, 2.5f, 3.5f};

__global__ void variables_kernel(float* out) {
  atomicAdd(&counter, 1);
  if (threadIdx.x == 0)
    for (int k = 0; k < 4; ++k) out[k] = table[k] + (k < 3 ? initialised[k] : 0);
}

CASE(variables_on_the_device) {
  const float values[4] = {1, 2, 3, 4};
  const int zero = 0;
  int count = -1;
  size_t bytes = 0;
  void* address = nullptr;
  DeviceArray<float> out(4);
  EXPECT_SUCCESS(cudaMemcpyToSymbol(table, values, sizeof values));
  EXPECT_SUCCESS(cudaMemcpyToSymbol(counter, &zero, sizeof zero));
  variables_kernel<<<3, 64>>>(out.data());
  const std::vector<float> wanted{2.5f, 4.5f, 6.5f, 4.0f};
  EXPECT(out.values() == wanted);
  EXPECT_SUCCESS(cudaMemcpyFromSymbol(&count, counter, sizeof count));
  EXPECT_EQ(count, 192);
  EXPECT_SUCCESS(cudaGetSymbolSize(&bytes, table));
  EXPECT_EQ(bytes, sizeof values);
  EXPECT_SUCCESS(cudaGetSymbolAddress(&address, table));
  float last = 0;
  EXPECT_SUCCESS(cudaMemcpy(&last, static_cast<float*>(address) + 3, sizeof last, cudaMemcpyDeviceToHost));
  EXPECT_EQ(last, 4.0f);
  EXPECT_EQ(cudaMemcpyToSymbol(&zero, &zero, sizeof zero), cudaErrorInvalidSymbol);  // not one
  cudaGetLastError();
}

CASE(copies_of_rows) {  // 3 rows of 2 out of rows of 4, into rows of 5
  const std::vector<int> from{0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23};
  DeviceArray<int> device(std::vector<int>(15, 7));
  EXPECT_SUCCESS(cudaMemcpy2D(device.data(), 5 * sizeof(int), from.data() + 1, 4 * sizeof(int), 2 * sizeof(int), 3,
                              cudaMemcpyHostToDevice));
  const std::vector<int> wanted{1, 2, 7, 7, 7, 11, 12, 7, 7, 7, 21, 22, 7, 7, 7};
  EXPECT(device.values() == wanted);
}

CASE(fills) {
  DeviceArray<unsigned char> device(std::vector<unsigned char>(12, 7));
  EXPECT_SUCCESS(cudaMemset(device.data() + 1, 3, 2));
  EXPECT_SUCCESS(cudaMemset2D(device.data() + 6, 3, 9, 1, 2));
  const std::vector<unsigned char> wanted{7, 3, 3, 7, 7, 7, 9, 7, 7, 9, 7, 7};
  EXPECT(device.values() == wanted);
}

CASE(copies_between_devices) {  // CTest runs this with two
  int count = 0;
  EXPECT_SUCCESS(cudaGetDeviceCount(&count));
  int *first, *second, value = 5;
  EXPECT_SUCCESS(cudaMalloc(&first, sizeof value));
  EXPECT_SUCCESS(cudaSetDevice(count - 1));
  EXPECT_SUCCESS(cudaMalloc(&second, sizeof value));
  EXPECT_SUCCESS(cudaMemcpy(first, &value, sizeof value, cudaMemcpyHostToDevice));
  EXPECT_SUCCESS(cudaMemcpyPeer(second, count - 1, first, 0, sizeof value));
  value = 0;
  EXPECT_SUCCESS(cudaMemcpy(&value, second, sizeof value, cudaMemcpyDeviceToHost));
  EXPECT_EQ(value, 5);
  cudaPointerAttributes attributes;
  EXPECT_SUCCESS(cudaPointerGetAttributes(&attributes, second));
  EXPECT_EQ(attributes.device, count - 1);
  cudaFree(second);
  EXPECT_SUCCESS(cudaSetDevice(0));
  cudaFree(first);
}

template <class T>
__global__ void add_kernel(T* out, const T* a, const T* b, int count) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < count) out[i] = a[i] + b[i];
}
CASE(launches_by_configuration) {
  const std::vector<double> a{1, 2, 3}, b{10, 20, 30};
  DeviceArray<double> da(a), db(b), out(3);
  cudaLaunchConfig_t config{};
  config.gridDim = 1;
  config.blockDim = 128;
  EXPECT_SUCCESS(cudaLaunchKernelEx(&config, add_kernel<double>, out.data(), (const double*)da.data(),
                                    (const double*)db.data(), 3));
  const std::vector<double> wanted{11, 22, 33};
  EXPECT(out.values() == wanted);
}

__global__ void reverse_kernel(int* p) {
  extern __shared__ int shared[];
  shared[threadIdx.x] = p[threadIdx.x];
  __syncthreads();
  p[threadIdx.x] = shared[blockDim.x - 1 - threadIdx.x];
}
CASE(dynamic_shared_memory) {
  const std::vector<int> given{1, 2, 3, 4, 5}, wanted{5, 4, 3, 2, 1};
  DeviceArray<int> p(given);
  reverse_kernel<<<1, 5, 5 * sizeof(int)>>>(p.data());
  EXPECT(p.values() == wanted);
}
}  // namespace
