// Weights as the kernels of convolutions read them, and the other way round the sums of parts to where weights lie. A
// thread an element; neighbours write neighbours.
#include "kernels/cuda/convolution/convolution_kernels.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/pack.h"

namespace convoy::cuda {
namespace {

constexpr int kThreads = 256;

// The place in a kernel of each tap of a grid.
struct KernelPlaces {
  int column_taps, first_row, row_step, first_column, column_step, kernel_w;

  KernelPlaces(const TapGrid& grid, int64_t kernel_width)
      : column_taps(static_cast<int>(grid.columns.taps)),
        first_row(static_cast<int>(grid.rows.first_kernel)),
        row_step(static_cast<int>(grid.rows.kernel_step)),
        first_column(static_cast<int>(grid.columns.first_kernel)),
        column_step(static_cast<int>(grid.columns.kernel_step)),
        kernel_w(static_cast<int>(kernel_width)) {}
  __device__ int of(int tap) const {
    return (first_row + tap / column_taps * row_step) * kernel_w + first_column + tap % column_taps * column_step;
  }
};

struct Packing {
  KernelPlaces places;
  int terms, padded_terms, columns, padded_columns, sources;
  int result_stride, source_stride;
  int64_t group_stride, count;
};

template <class Real>
__global__ void __launch_bounds__(kThreads) pack_weights_kernel(Real* packed, const Real* weight, Packing p) {
  for (int64_t i = blockIdx.x * int64_t{kThreads} + threadIdx.x; i < p.count; i += int64_t{gridDim.x} * kThreads) {
    const int term = static_cast<int>(i % p.padded_terms);
    const int64_t row = i / p.padded_terms;
    const int column = static_cast<int>(row % p.padded_columns);
    Real value = from_float<Real>(0.0f);
    if (term < p.terms && column < p.columns)
      value = weight[row / p.padded_columns * p.group_stride + int64_t{column} * p.result_stride +
                     int64_t{term % p.sources} * p.source_stride + p.places.of(term / p.sources)];
    packed[i] = value;
  }
}

// (tap, channel) from (channel, 1, kernel_h, kernel_w).
template <class Real>
__global__ void __launch_bounds__(kThreads)
    pack_by_channel_kernel(Real* packed, const Real* weight, KernelPlaces places, int channels, int kernel, int count) {
  const int i = static_cast<int>(blockIdx.x * kThreads + threadIdx.x);
  if (i < count) packed[i] = weight[int64_t{i % channels} * kernel + places.of(i / channels)];
}

__global__ void __launch_bounds__(kThreads)
    add_weight_parts_kernel(float* dweight, const float* partials, WeightParts w) {
  const int64_t per_group = int64_t{w.columns} * w.terms, count = per_group * w.groups;
  const int64_t group_floats = int64_t{w.padded_terms} * w.padded_columns, part_floats = group_floats * w.groups;
  for (int64_t i = blockIdx.x * int64_t{kThreads} + threadIdx.x; i < count; i += int64_t{gridDim.x} * kThreads) {
    const int64_t group = i / per_group;
    const int term = static_cast<int>(i % per_group / w.columns), column = static_cast<int>(i % w.columns);
    const float* from = partials + group * group_floats + int64_t{term} * w.padded_columns + column;
    float sum = 0;
    for (int part = 0; part < w.parts; ++part) sum += from[part * part_floats];
    dweight[group * w.group_stride + int64_t{column} * w.result_stride + int64_t{term % w.sources} * w.source_stride +
            term / w.sources] += sum;
  }
}

}  // namespace

void enqueue_pack_weights(Stream& stream, const Tensor& weight, void* packed, const PackedWeights& as,
                          const TapGrid& grid, const GroupChannels& channels, int64_t kernel_w) {
  const Packing packing{KernelPlaces(grid, kernel_w),
                        as.terms,
                        as.padded_terms,
                        as.columns,
                        as.padded_columns,
                        channels.sources,
                        channels.result_stride,
                        channels.source_stride,
                        channels.group_stride,
                        int64_t{channels.groups} * as.padded_terms * as.padded_columns};
  for_real(weight.dtype, [&](auto real) {
    using Real = decltype(real);
    launch(stream, pack_weights_kernel<Real>, blocks_for(ceil_div<int64_t>(packing.count, kThreads)), kThreads, 0,
           static_cast<Real*>(packed), data_of<const Real>(weight), packing);
  });
}

void enqueue_pack_weights_by_channel(Stream& stream, const Tensor& weight, void* packed, const TapGrid& grid,
                                     int64_t kernel_w, int64_t channels) {
  const auto count = static_cast<int>(grid.taps() * channels), kernel = static_cast<int>(weight.elements() / channels);
  for_real(weight.dtype, [&](auto real) {
    using Real = decltype(real);
    launch(stream, pack_by_channel_kernel<Real>, static_cast<unsigned>(ceil_div(count, kThreads)), kThreads, 0,
           static_cast<Real*>(packed), data_of<const Real>(weight), KernelPlaces(grid, kernel_w),
           static_cast<int>(channels), kernel, count);
  });
}

void enqueue_add_weight_parts(Stream& stream, float* dweight, const float* partials, const WeightParts& parts) {
  const int64_t count = int64_t{parts.groups} * parts.columns * parts.terms;
  launch(stream, add_weight_parts_kernel, blocks_for(ceil_div<int64_t>(count, kThreads)), kThreads, 0, dweight,
         partials, parts);
}

}  // namespace convoy::cuda
