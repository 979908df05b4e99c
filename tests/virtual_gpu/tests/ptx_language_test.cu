// What programs are made of: templates, calls, variables of the module, constants, local arrays, parameters, printf.
#include <cmath>

#include "tests/virtual_gpu/tests/check.h"

namespace {
using convoy::virtual_gpu_test::DeviceArray;

template <class T>
__global__ void add_kernel(T* sum, const T* a, const T* b, int n) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) sum[i] = a[i] + b[i];
}
template <class T>
void check_add() {
  const int n = 1000;
  std::vector<T> a(n), b(n);
  for (int i = 0; i < n; ++i) a[i] = T(i), b[i] = T(2 * i);
  DeviceArray<T> da(a), db(b), sum(n);
  add_kernel<T><<<3, 128>>>(sum.data(), da.data(), db.data(), n);
  const std::vector<T> found = sum.values();
  for (int i = 0; i < n; ++i) EXPECT(found[i] == static_cast<T>(a[i] + b[i]));
}
CASE(templates) {
  check_add<float>();
  check_add<double>();
  check_add<unsigned char>();
}

// ---- variables of the module ----
__constant__ float table[4];
__device__ int counter;
__device__ float initialised[3] = {1.5f, -2.5f, 3.5f};
__device__ const float* pointer_to_initialised = initialised + 1;
__global__ void globals_kernel(float* out) {
  atomicAdd(&counter, 1);
  if (threadIdx.x != 0 || blockIdx.x != 0) return;
  for (int k = 0; k < 4; ++k) out[k] = table[k] + (k < 3 ? initialised[k] : 0.f);
  out[4] = *pointer_to_initialised;
}
CASE(variables_of_the_module) {
  const float host[4] = {1, 2, 3, 4};
  const int zero = 0;
  EXPECT_SUCCESS(cudaMemcpyToSymbol(table, host, sizeof host));
  EXPECT_SUCCESS(cudaMemcpyToSymbol(counter, &zero, sizeof zero));
  DeviceArray<float> out(5);
  globals_kernel<<<3, 64>>>(out.data());
  EXPECT(out.values() == (std::vector<float>{2.5f, -0.5f, 6.5f, 4.f, -2.5f}));
  int counted = 0;
  EXPECT_SUCCESS(cudaMemcpyFromSymbol(&counted, counter, sizeof counted));
  EXPECT_EQ(counted, 192);
}

// ---- calls, also under a divergent guard ----
__device__ __noinline__ float polynomial(float x, int degree) {
  float r = 1;
  for (int i = 0; i < degree; ++i) r = r * x + static_cast<float>(i);
  return r;
}
__global__ void calls_kernel(float* out, const float* x, int n) {
  const int i = threadIdx.x;
  if (i < n) out[i] = i % 3 ? polynomial(x[i], i % 5) : polynomial(-x[i], 3);
}
CASE(calls) {
  const int n = 50;
  std::vector<float> x(n);
  for (int i = 0; i < n; ++i) x[i] = static_cast<float>(i);
  DeviceArray<float> in(x), out(n);
  calls_kernel<<<1, 64>>>(out.data(), in.data(), n);
  const std::vector<float> found = out.values();
  const auto wanted = [](float v, int degree) {
    float r = 1;
    for (int i = 0; i < degree; ++i) r = std::fma(r, v, static_cast<float>(i));
    return r;
  };
  for (int i = 0; i < n; ++i) EXPECT_EQ(found[i], i % 3 ? wanted(x[i], i % 5) : wanted(-x[i], 3));
}

// ---- local memory and parameters by value ----
struct Parameters {
  int weights[5];
  double scale;
  char letter;
};
__global__ void local_array_kernel(double* out, Parameters p) {
  int scratch[40];
  for (int k = 0; k < 40; ++k) scratch[(k * 7 + threadIdx.x) % 40] = k;
  double sum = 0;
  for (int k = 0; k < 5; ++k) sum += scratch[(p.weights[k] + threadIdx.x) % 40] * p.scale;
  out[threadIdx.x] = sum + p.letter;
}
CASE(local_arrays_and_parameters_by_value) {
  const Parameters p{{3, 14, 15, 9, 26}, 0.5, 'c'};
  DeviceArray<double> out(32);
  local_array_kernel<<<1, 32>>>(out.data(), p);
  const std::vector<double> found = out.values();
  for (int t = 0; t < 32; ++t) {
    int scratch[40];
    for (int k = 0; k < 40; ++k) scratch[(k * 7 + t) % 40] = k;
    double wanted = 'c';
    for (const int weight : p.weights) wanted += scratch[(weight + t) % 40] * 0.5;
    EXPECT_EQ(found[t], wanted);
  }
}

// ---- shared memory, static and dynamic ----
__global__ void reverse_kernel(int* values, int n) {
  __shared__ int fixed[256];
  extern __shared__ int dynamic[];
  const int t = threadIdx.x;
  fixed[t] = values[t];
  __syncthreads();
  dynamic[t] = 2 * fixed[n - 1 - t];
  __syncthreads();
  values[t] = dynamic[t];
}
CASE(shared_memory) {
  std::vector<int> values(256);
  for (int t = 0; t < 256; ++t) values[t] = t;
  DeviceArray<int> data(values);
  reverse_kernel<<<1, 256, 256 * sizeof(int)>>>(data.data(), 256);
  const std::vector<int> found = data.values();
  for (int t = 0; t < 256; ++t) EXPECT_EQ(found[t], 2 * (255 - t));
}

// ---- cache hints and policies change nothing ----
__global__ void hints_kernel(float* out, const float* in) {
  const int t = threadIdx.x;
  unsigned long long policy;
  asm volatile("createpolicy.fractional.L2::evict_first.b64 %0, 1.0;" : "=l"(policy));
  float a, b;
  asm volatile("ld.global.nc.L1::no_allocate.L2::128B.f32 %0, [%1];" : "=f"(a) : "l"(in + t));
  asm volatile("ld.global.L2::cache_hint.f32 %0, [%1], %2;" : "=f"(b) : "l"(in + t), "l"(policy));
  asm volatile("prefetch.global.L2 [%0];" ::"l"(in + t));
  asm volatile("st.global.L2::cache_hint.f32 [%0], %1, %2;" ::"l"(out + t), "f"(a + b), "l"(policy) : "memory");
  asm volatile("griddepcontrol.wait;" ::: "memory");
}
CASE(cache_hints) {
  std::vector<float> x(32);
  for (int t = 0; t < 32; ++t) x[t] = static_cast<float>(t);
  DeviceArray<float> in(x), out(32);
  hints_kernel<<<1, 32>>>(out.data(), in.data());
  const std::vector<float> found = out.values();
  for (int t = 0; t < 32; ++t) EXPECT_EQ(found[t], 2.f * x[t]);
}

}  // namespace
