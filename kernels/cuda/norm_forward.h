// Residual addition, dropout of the branch and a norm in one pass over memory. See norm.h for who does what.
//
// Layer norm subtracts the row's mean and has a bias; RMS norm is the same without both: kCentred.
#pragma once

#include "kernels/cuda/dropout_mask.h"
#include "kernels/cuda/norm.h"

namespace convoy::cuda {

// As many as are at work at once, so that weight and bias are read seldom.
inline constexpr int64_t kForwardBlocks = 132 * 2;

template <class Real>
struct NormForwardRows {
  Real *y, *residual;
  float *mean, *rstd;  // mean: layer norm only, like bias
  const Real *x, *branch, *weight, *bias;
  DropoutMask dropout;
  float eps;
  int64_t N;
  int C;
};

// Elements [c, c + kWidth) of a row of the residual, rounded and stored where there is a branch.
template <int kWidth, class Real>
__device__ inline void make_residual(float (&result)[kWidth], const NormForwardRows<Real>& f, int64_t row,
                                     uint64_t index, int c) {
  Elements<Real, kWidth> elements(f.x + row * f.C + c);
  if (f.branch != nullptr) {
    const Elements<Real, kWidth> branch(f.branch + row * f.C + c);
    float factors[kWidth];
    for (float& factor : factors) factor = 1;
    if (f.dropout.on()) f.dropout.factors(factors, index, c);
    for (int i = 0; i < kWidth; ++i) elements.set(i, fmaf(branch.get(i), factors[i], elements.get(i)));
    elements.store(f.residual + row * f.C + c);
  }
  for (int i = 0; i < kWidth; ++i) result[i] = elements.get(i);
}

template <bool kCentred, int kWidth, class Real>
__device__ inline void normalise(Real* y, const float (&x)[kWidth], float mean, float rstd, const Real* weight,
                                 const Real* bias) {
  const Elements<Real, kWidth> w(weight);
  Elements<Real, kWidth> result;
  if constexpr (kCentred) {
    const Elements<Real, kWidth> b(bias);
    for (int i = 0; i < kWidth; ++i) result.set(i, fmaf((x[i] - mean) * rstd, w.get(i), b.get(i)));
  } else {
    for (int i = 0; i < kWidth; ++i) result.set(i, x[i] * rstd * w.get(i));
  }
  result.store(y);
}

template <class Real>
__device__ inline void keep(const NormForwardRows<Real>& f, int64_t row, float mean, float rstd) {
  if (f.mean != nullptr) f.mean[row] = mean;
  if (f.rstd != nullptr) f.rstd[row] = rstd;
}

__device__ inline float rstd_of(float squares, int C, float eps) {
  return 1.0f / sqrtf(squares / static_cast<float>(C) + eps);
}

// kCentred: layer norm, otherwise RMS norm. Weight and bias lie in shared memory: read once a block, not once a row.
template <bool kCentred, class Real, int kWidth, bool kWarpPerRow, int kHeld>
__global__ void __launch_bounds__(kNormThreads, 1) norm_forward_kernel(NormForwardRows<Real> f) {
  constexpr int kGroups = kHeld / kWidth;
  extern __shared__ uint4 staged[];
  __shared__ float partials[32];
  Real *weight = reinterpret_cast<Real*>(staged), *bias = weight + f.C;
  stage<kWidth>(weight, f.weight, f.C);
  if constexpr (kCentred) stage<kWidth>(bias, f.bias, f.C);
  __syncthreads();
  const RowThreads<kWarpPerRow> threads;
  for (int64_t row = threads.row; row < f.N; row += threads.row_stride) {
    const uint64_t index = f.dropout.on() ? f.dropout.index_of_row(row) : 0;
    float held[kGroups][kWidth] = {};
    float sum = 0, squares = 0;
#pragma unroll
    for (int g = 0; g < kGroups; ++g) {
      const int c = (g * threads.count + threads.mine) * kWidth;
      if (c < f.C) make_residual(held[g], f, row, index, c);
      for (int i = 0; i < kWidth; ++i) sum += held[g][i];
    }
    // Two passes over the row, so that a large mean does not swallow the variance.
    const float mean = kCentred ? threads.sum(sum, partials) / static_cast<float>(f.C) : 0;
#pragma unroll
    for (int g = 0; g < kGroups; ++g)
      if ((g * threads.count + threads.mine) * kWidth < f.C)
        for (int i = 0; i < kWidth; ++i) squares = fmaf(held[g][i] - mean, held[g][i] - mean, squares);
    const float rstd = rstd_of(threads.sum(squares, partials), f.C, f.eps);
    if (threads.mine == 0) keep(f, row, mean, rstd);
#pragma unroll
    for (int g = 0; g < kGroups; ++g) {
      const int c = (g * threads.count + threads.mine) * kWidth;
      if (c < f.C) normalise<kCentred>(f.y + row * f.C + c, held[g], mean, rstd, weight + c, bias + c);
    }
  }
}

// A block a row; every thread reads again what it has written itself.
template <bool kCentred, class Real, int kWidth>
__global__ void __launch_bounds__(kLongRowThreads, 2) norm_forward_long_kernel(NormForwardRows<Real> f) {
  __shared__ float partials[32];
  const int first = static_cast<int>(threadIdx.x) * kWidth, step = static_cast<int>(blockDim.x) * kWidth;
  const Real* residual = f.branch != nullptr ? f.residual : f.x;
  for (int64_t row = blockIdx.x; row < f.N; row += gridDim.x) {
    const uint64_t index = f.dropout.on() ? f.dropout.index_of_row(row) : 0;
    float sum = 0, squares = 0, values[kWidth];
    for (int c = first; c < f.C; c += step) {
      make_residual(values, f, row, index, c);
      for (const float value : values) sum += value;
    }
    const float mean = kCentred ? block_sum(sum, partials) / static_cast<float>(f.C) : 0;
    for (int c = first; c < f.C; c += step) {
      const Elements<Real, kWidth> again(residual + row * f.C + c);
      for (int i = 0; i < kWidth; ++i) squares = fmaf(again.get(i) - mean, again.get(i) - mean, squares);
    }
    const float rstd = rstd_of(block_sum(squares, partials), f.C, f.eps);
    if (threadIdx.x == 0) keep(f, row, mean, rstd);
    for (int c = first; c < f.C; c += step) {
      const Elements<Real, kWidth> again(residual + row * f.C + c);
      for (int i = 0; i < kWidth; ++i) values[i] = again.get(i);
      normalise<kCentred>(f.y + row * f.C + c, values, mean, rstd, f.weight + c, f.bias + c);
    }
  }
}

template <bool kCentred, class Real>
void launch_forward(Stream& stream, const NormForwardRows<Real>& f) {
  const bool packs = rows_in_packs<Real>(f.C, f.y, f.residual, f.x, f.branch, f.weight, f.bias);
  const NormGrid grid = norm_grid(f.N, f.C, packs, kForwardBlocks);
  if (grid.held == 0)
    return launch(
        stream,
        packs ? norm_forward_long_kernel<kCentred, Real, kPack<Real>> : norm_forward_long_kernel<kCentred, Real, 1>,
        grid.blocks, grid.threads, 0, f);
  for_variant<Real>(grid, [&](auto width, auto warp_per_row, auto held) {
    launch(stream, norm_forward_kernel<kCentred, Real, width, warp_per_row, held>, grid.blocks, grid.threads,
           (kCentred ? 2 : 1) * static_cast<size_t>(f.C) * sizeof(Real), f);
  });
}

}  // namespace convoy::cuda
