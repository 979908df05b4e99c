// Convolutions of single channels ("depthwise"): y and dx a thread some neighbouring channels of a result pixel;
// dweight a block 32 channels of a tap and a part of the pixels.
#include <algorithm>

#include "kernels/cuda/convolution/convolution_kernels.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/pack.h"

namespace convoy::cuda {
namespace {

constexpr int kThreads = 256, kLanes = 32, kRows = kThreads / kLanes;

template <class Real>
struct ChannelArguments {
  Taps taps;
  const Real *source, *bias, *packed;  // packed (tap, channel)
  Real* result;
  int channels;
  bool relu;
};

template <class Real, int kWidth>
__global__ void __launch_bounds__(kThreads)
    channel_product_kernel(const __grid_constant__ ChannelArguments<Real> a, int64_t count) {
  const int wide = a.channels / kWidth;
  for (int64_t i = blockIdx.x * int64_t{kThreads} + threadIdx.x; i < count; i += int64_t{gridDim.x} * kThreads) {
    const auto pixel = static_cast<int>(i / wide);
    const int channel = static_cast<int>(i % wide) * kWidth;
    const PixelPlace place(a.taps, pixel);
    float sums[kWidth] = {};
    for (int tap = 0; tap < a.taps.taps(); ++tap) {
      const int64_t at = source_place(a.taps, place, Term(a.taps, 1, tap), a.channels, channel);
      if (at < 0) continue;
      const Elements<Real, kWidth> x(a.source + at), w(a.packed + int64_t{tap} * a.channels + channel);
#pragma unroll
      for (int e = 0; e < kWidth; ++e) sums[e] = fmaf(x.get(e), w.get(e), sums[e]);
    }
    Elements<Real, kWidth> y;
#pragma unroll
    for (int e = 0; e < kWidth; ++e) {
      float value = sums[e];
      if (a.bias != nullptr) value += to_float(a.bias[channel + e]);
      if (a.relu && value < 0) value = 0;  // a NaN stays
      y.set(e, value);
    }
    y.store(a.result + result_place(a.taps, pixel) * a.channels + channel);
  }
}

// A block's channels are neighbours, and its rows take pixels in turn.
template <class Real>
__global__ void __launch_bounds__(kThreads) channel_pixel_kernel(const __grid_constant__ Taps taps, const Real* x,
                                                                 const Real* dy, float* partials, int channels) {
  __shared__ float sums[kRows][kLanes];
  const int lane = threadIdx.x % kLanes, row = threadIdx.x / kLanes, tap = blockIdx.y;
  const int channel = static_cast<int>(blockIdx.x) * kLanes + lane;
  const auto begin = static_cast<int>(taps.pixels * int64_t{blockIdx.z} / gridDim.z);
  const auto end = static_cast<int>(taps.pixels * int64_t{blockIdx.z + 1} / gridDim.z);
  const Term term(taps, 1, tap);
  float sum = 0;
  for (int pixel = begin + row; pixel < end && channel < channels; pixel += kRows) {
    const int64_t at = source_place(taps, PixelPlace(taps, pixel), term, channels, channel);
    if (at >= 0) sum = fmaf(to_float(x[at]), to_float(dy[int64_t{pixel} * channels + channel]), sum);
  }
  sums[row][lane] = sum;
  __syncthreads();
  if (row > 0 || channel >= channels) return;
  for (int r = 1; r < kRows; ++r) sum += sums[r][lane];
  partials[(int64_t{blockIdx.z} * taps.taps() + tap) * channels + channel] = sum;
}

int parts_of(const ConvolutionShape& s) {
  const int64_t blocks = ceil_div<int64_t>(s.Cin, kLanes) * s.kernel_h * s.kernel_w, pixels = s.B * s.Hout * s.Wout;
  return static_cast<int>(std::clamp<int64_t>(kManyBlocks / blocks, 1, std::max<int64_t>(1, pixels / 64)));
}

}  // namespace

void enqueue_channel_product(Stream& stream, const ChannelProduct& p) {
  for_real(p.source.dtype, [&](auto real) {
    using Real = decltype(real);
    const ChannelArguments<Real> arguments{Taps(p.grid, p.result.shape[1], p.result.shape[2]),
                                           data_of<const Real>(p.source),
                                           data_of<const Real>(p.bias),
                                           static_cast<const Real*>(p.packed),
                                           data_of<Real>(p.result),
                                           static_cast<int>(p.source.shape[-1]),
                                           p.relu};
    const bool packs = rows_in_packs<Real>(arguments.channels, arguments.source, arguments.result);
    const int64_t count = int64_t{arguments.taps.pixels} * arguments.channels / (packs ? kPack<Real> : 1);
    launch(stream, packs ? channel_product_kernel<Real, kPack<Real>> : channel_product_kernel<Real, 1>,
           blocks_for(ceil_div<int64_t>(count, kThreads)), kThreads, 0, arguments, count);
  });
}

size_t channel_pixel_product_bytes(const ConvolutionShape& s) {
  return static_cast<size_t>(parts_of(s) * s.kernel_h * s.kernel_w * s.Cin) * sizeof(float);
}

void enqueue_channel_pixel_product(Stream& stream, const ConvolutionBackwardWeight& args, float* partials) {
  const ConvolutionShape& s = args.shape;
  const int parts = parts_of(s), channels = static_cast<int>(s.Cin), taps = static_cast<int>(s.kernel_h * s.kernel_w);
  for_real(s.dtype, [&](auto real) {
    using Real = decltype(real);
    const dim3 blocks(static_cast<unsigned>(ceil_div(channels, kLanes)), static_cast<unsigned>(taps),
                      static_cast<unsigned>(parts));
    launch(stream, channel_pixel_kernel<Real>, blocks, kThreads, 0, Taps(forward_grid(s), s.Hout, s.Wout),
           data_of<const Real>(args.x), data_of<const Real>(args.dy), partials, channels);
  });
  enqueue_add_weight_parts(stream, data_of<float>(args.dweight), partials,
                           {parts, 1, taps, taps, channels, channels, taps, 1, taps, 0, 0});
}

}  // namespace convoy::cuda
