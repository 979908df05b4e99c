// What follows a product where cuBLASLt's epilogues do not do it: one thread an element, 256 a block.
#include "core/base/error.h"
#include "kernels/cuda/activation.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/matmul_epilogue.h"
#include "kernels/cuda/pack.h"

namespace convoy::cuda {
namespace {

constexpr int kThreads = 256;

template <class Out, class In>
__global__ void matmul_epilogue_kernel(Out* c, const float* product, const In* bias, In* pre_activation,
                                       Activation activation, Activation derivative_of, bool add_old, int64_t N,
                                       int64_t count) {
  const int64_t stride = int64_t{gridDim.x} * kThreads;
  for (int64_t i = blockIdx.x * int64_t{kThreads} + threadIdx.x; i < count; i += stride) {
    float value = product[i];
    if (add_old) value += to_float(c[i]);
    if (bias != nullptr) value += to_float(bias[i % N]);
    if (derivative_of != Activation::none) {
      value *= activation_derivative(derivative_of, to_float(pre_activation[i]));
    } else {
      if (pre_activation != nullptr) pre_activation[i] = from_float<In>(value);
      value = apply_activation(activation, value);
    }
    c[i] = from_float<Out>(value);
  }
}

// partials[chunk, n]: the sum of a chunk of rows of column n; a thread a column.
template <class Real>
__global__ void column_sums_kernel(float* partials, const Real* matrix, int64_t K, int64_t N, int64_t rows_per_chunk) {
  const int64_t n = blockIdx.x * int64_t{kThreads} + threadIdx.x;
  if (n >= N) return;
  const int64_t begin = blockIdx.y * rows_per_chunk, end = min(K, begin + rows_per_chunk);
  float sum = 0;
  for (int64_t k = begin; k < end; ++k) sum += to_float(matrix[k * N + n]);
  partials[blockIdx.y * N + n] = sum;
}

__global__ void add_partials_kernel(float* sums, const float* partials, int chunks, int64_t N) {
  const int64_t n = blockIdx.x * int64_t{kThreads} + threadIdx.x;
  if (n >= N) return;
  float sum = 0;
  for (int chunk = 0; chunk < chunks; ++chunk) sum += partials[chunk * N + n];
  sums[n] += sum;
}

constexpr int64_t kMostChunks = 64, kLeastRows = 64;

int64_t column_sum_chunks(int64_t K) { return std::clamp<int64_t>(K / kLeastRows, 1, kMostChunks); }

}  // namespace

void enqueue_epilogue(Stream& stream, const Matmul& args, const float* product, bool add_old) {
  const int64_t count = args.c.elements();
  for_real(args.c.dtype, [&](auto out) {
    for_real(args.a.dtype, [&](auto in) {
      using Out = decltype(out);
      using In = decltype(in);
      launch(stream, matmul_epilogue_kernel<Out, In>, blocks_for(ceil_div<int64_t>(count, kThreads)), kThreads, 0,
             data_of<Out>(args.c), product, data_of<In>(args.bias), data_of<In>(args.pre_activation), args.activation,
             args.derivative_of, add_old, args.c.shape[1], count);
    });
  });
}

size_t column_sum_bytes(int64_t K, int64_t N) { return static_cast<size_t>(column_sum_chunks(K) * N) * sizeof(float); }

void enqueue_column_sums(Stream& stream, const Tensor& sums, const Tensor& matrix, float* partials) {
  const int64_t K = matrix.shape[0], N = matrix.shape[1], chunks = column_sum_chunks(K);
  const auto columns = static_cast<unsigned>(ceil_div<int64_t>(N, kThreads));
  for_real(matrix.dtype, [&](auto real) {
    using Real = decltype(real);
    launch(stream, column_sums_kernel<Real>, dim3(columns, static_cast<unsigned>(chunks)), kThreads, 0, partials,
           data_of<Real>(matrix), K, N, ceil_div(K, chunks));
  });
  launch(stream, add_partials_kernel, columns, kThreads, 0, data_of<float>(sums), partials, static_cast<int>(chunks),
         N);
}

void enqueue_add(Stream& stream, float* sums, const float* values, int64_t N) {
  launch(stream, add_partials_kernel, static_cast<unsigned>(ceil_div<int64_t>(N, kThreads)), kThreads, 0, sums, values,
         1, N);
}

}  // namespace convoy::cuda
