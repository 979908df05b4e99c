// Pooling of pictures: a thread some neighbouring channels of a pixel of what is written. Backward, a pixel of the
// input gathers what the windows that it lies in send it.
#include "core/ops/pooling.h"

#include "kernels/cuda/launch.h"
#include "kernels/cuda/operators.h"
#include "kernels/cuda/pack.h"

namespace convoy::cuda {
namespace {

constexpr int kThreads = 256;

struct Windows {
  int H, W, C, Hout, Wout, window_h, window_w, stride_h, stride_w, top, left;

  explicit Windows(const PoolShape& s)
      : H(static_cast<int>(s.H)),
        W(static_cast<int>(s.W)),
        C(static_cast<int>(s.C)),
        Hout(static_cast<int>(s.Hout)),
        Wout(static_cast<int>(s.Wout)),
        window_h(static_cast<int>(s.window_h)),
        window_w(static_cast<int>(s.window_w)),
        stride_h(static_cast<int>(s.stride_h)),
        stride_w(static_cast<int>(s.stride_w)),
        top(static_cast<int>(s.top)),
        left(static_cast<int>(s.left)) {}
  __device__ int first_row(int i) const { return i * stride_h - top; }
  __device__ int first_column(int j) const { return j * stride_w - left; }
};

struct Range {
  int begin, end;
};
// Of a window, what lies inside of the picture.
__device__ inline Range pixels_of(int first, int window, int extent) {
  return {max(first, 0), min(first + window, extent)};
}
// Of results, those in whose windows a pixel lies.
__device__ inline Range results_of(int padded_pixel, int stride, int window, int results) {
  const int missed = padded_pixel - window + 1;
  return {missed <= 0 ? 0 : (missed + stride - 1) / stride, min(padded_pixel / stride + 1, results)};
}

// body(pixel among rows x columns of all samples, channel) for each thread's channels.
template <int kWidth, class Body>
__device__ inline void for_channels(int64_t count, int channels, const Body& body) {
  const int wide = channels / kWidth;
  for (int64_t i = blockIdx.x * int64_t{kThreads} + threadIdx.x; i < count; i += int64_t{gridDim.x} * kThreads)
    body(i / wide, static_cast<int>(i % wide) * kWidth);
}

template <class Real, class Place, int kWidth>
__global__ void __launch_bounds__(kThreads)
    max_forward_kernel(Real* y, Place* places, const Real* x, Windows s, int64_t count) {
  for_channels<kWidth>(count, s.C, [&](int64_t pixel, int channel) {
    const int j = static_cast<int>(pixel % s.Wout), i = static_cast<int>(pixel / s.Wout % s.Hout);
    const Range rows = pixels_of(s.first_row(i), s.window_h, s.H),
                columns = pixels_of(s.first_column(j), s.window_w, s.W);
    const Real* picture = x + pixel / (int64_t{s.Wout} * s.Hout) * s.H * s.W * s.C + channel;
    float best[kWidth];
    int place[kWidth];
    for (int r = rows.begin; r < rows.end; ++r)
      for (int q = columns.begin; q < columns.end; ++q) {
        const Elements<Real, kWidth> values(picture + (int64_t{r} * s.W + q) * s.C);
        const int here = (r - s.first_row(i)) * s.window_w + q - s.first_column(j);
        const bool is_first = r == rows.begin && q == columns.begin;
#pragma unroll
        for (int e = 0; e < kWidth; ++e) {
          const float value = values.get(e);
          if (is_first || (!(value <= best[e]) && best[e] == best[e])) best[e] = value, place[e] = here;
        }
      }
    Elements<Real, kWidth> largest;
#pragma unroll
    for (int e = 0; e < kWidth; ++e) largest.set(e, best[e]);
    largest.store(y + pixel * s.C + channel);
    if (places == nullptr) return;
#pragma unroll
    for (int e = 0; e < kWidth; ++e) places[pixel * s.C + channel + e] = static_cast<Place>(place[e]);
  });
}

// dx: the sum of add(sums, place of the window in y, row and column in the window) over the windows of each pixel.
template <class Real, int kWidth, class Term>
__device__ inline void gather_windows(Real* dx, const Windows& s, int64_t count, const Term& add) {
  for_channels<kWidth>(count, s.C, [&](int64_t pixel, int channel) {
    const int w = static_cast<int>(pixel % s.W), h = static_cast<int>(pixel / s.W % s.H);
    const int64_t sample = pixel / (int64_t{s.W} * s.H);
    const Range rows = results_of(h + s.top, s.stride_h, s.window_h, s.Hout);
    const Range columns = results_of(w + s.left, s.stride_w, s.window_w, s.Wout);
    float sums[kWidth] = {};
    for (int i = rows.begin; i < rows.end; ++i)
      for (int j = columns.begin; j < columns.end; ++j)
        add(sums, ((sample * s.Hout + i) * s.Wout + j) * s.C + channel, i, j, h, w);
    Elements<Real, kWidth> sum;
#pragma unroll
    for (int e = 0; e < kWidth; ++e) sum.set(e, sums[e]);
    sum.store(dx + pixel * s.C + channel);
  });
}

template <class Real, class Place, int kWidth>
__global__ void __launch_bounds__(kThreads)
    max_backward_kernel(Real* dx, const Real* dy, const Place* places, Windows s, int64_t count) {
  gather_windows<Real, kWidth>(dx, s, count, [&](float(&sums)[kWidth], int64_t from, int i, int j, int h, int w) {
    const Elements<Real, kWidth> gradient(dy + from);
    const int here = (h - s.first_row(i)) * s.window_w + w - s.first_column(j);
#pragma unroll
    for (int e = 0; e < kWidth; ++e)
      if (static_cast<int>(places[from + e]) == here) sums[e] += gradient.get(e);
  });
}

// 1 / pixels, within one unit in the last place: an exact division calls a routine, around which registers are spilled.
__device__ inline float share_of(Range rows, Range columns) {
  return __fdividef(1.0f, static_cast<float>((rows.end - rows.begin) * (columns.end - columns.begin)));
}

// Stretches of a row are summed apart: the error stays small however large the window is.
template <class Real, int kWidth>
__global__ void __launch_bounds__(kThreads, 2)
    average_forward_kernel(Real* y, const Real* x, Windows s, int64_t count) {
  constexpr int kStretch = 64;
  for_channels<kWidth>(count, s.C, [&](int64_t pixel, int channel) {
    const int j = static_cast<int>(pixel % s.Wout), i = static_cast<int>(pixel / s.Wout % s.Hout);
    const Range rows = pixels_of(s.first_row(i), s.window_h, s.H),
                columns = pixels_of(s.first_column(j), s.window_w, s.W);
    const Real* picture = x + pixel / (int64_t{s.Wout} * s.Hout) * s.H * s.W * s.C + channel;
    const float share = share_of(rows, columns);
    float sums[kWidth] = {};
    for (int r = rows.begin; r < rows.end; ++r)
      for (int first = columns.begin; first < columns.end; first += kStretch) {
        float stretch[kWidth] = {};
#pragma unroll 2
        for (int q = first; q < min(columns.end, first + kStretch); ++q) {
          const Elements<Real, kWidth> values(picture + (int64_t{r} * s.W + q) * s.C);
#pragma unroll
          for (int e = 0; e < kWidth; ++e) stretch[e] += values.get(e);
        }
#pragma unroll
        for (int e = 0; e < kWidth; ++e) sums[e] += stretch[e];
      }
    Elements<Real, kWidth> mean;
#pragma unroll
    for (int e = 0; e < kWidth; ++e) mean.set(e, sums[e] * share);
    mean.store(y + pixel * s.C + channel);
  });
}

template <class Real, int kWidth>
__global__ void __launch_bounds__(kThreads, 2)
    average_backward_kernel(Real* dx, const Real* dy, Windows s, int64_t count) {
  gather_windows<Real, kWidth>(dx, s, count, [&](float(&sums)[kWidth], int64_t from, int i, int j, int, int) {
    const Range rows = pixels_of(s.first_row(i), s.window_h, s.H),
                columns = pixels_of(s.first_column(j), s.window_w, s.W);
    const float share = share_of(rows, columns);
    const Elements<Real, kWidth> gradient(dy + from);
#pragma unroll
    for (int e = 0; e < kWidth; ++e) sums[e] = fmaf(gradient.get(e), share, sums[e]);
  });
}

// body(elements at once as a constant): as many as 16 bytes hold, if channels and addresses allow it.
template <class Real, class Body, class... Addresses>
void with_width(int64_t C, const Body& body, const Addresses*... addresses) {
  if (rows_in_packs<Real>(C, addresses...))
    body(std::integral_constant<int, kPack<Real>>{});
  else
    body(std::integral_constant<int, 1>{});
}

template <class Body>
void with_place(const PoolShape& s, const Body& body) {
  if (s.place_dtype() == DType::u8)
    body(uint8_t{});
  else
    body(int32_t{});
}

unsigned blocks_of(int64_t count) { return blocks_for(ceil_div<int64_t>(count, kThreads)); }

}  // namespace

void max_pool_forward(Stream& stream, const MaxPoolForward& args) {
  check_pool(args.shape, args.x, args.y);
  for_real(args.shape.dtype, [&](auto real) {
    using Real = decltype(real);
    with_place(args.shape, [&](auto place) {
      using Place = decltype(place);
      with_width<Real>(
          args.shape.C,
          [&](auto width) {
            constexpr int kWidth = decltype(width)::value;
            const int64_t count = args.y.elements() / kWidth;
            launch(stream, max_forward_kernel<Real, Place, kWidth>, blocks_of(count), kThreads, 0,
                   data_of<Real>(args.y), data_of<Place>(args.places), data_of<const Real>(args.x), Windows(args.shape),
                   count);
          },
          data_of<const Real>(args.x), data_of<const Real>(args.y));
    });
  });
}

void max_pool_backward(Stream& stream, const MaxPoolBackward& args) {
  check_pool(args.shape, args.dx, args.dy);
  for_real(args.shape.dtype, [&](auto real) {
    using Real = decltype(real);
    with_place(args.shape, [&](auto place) {
      using Place = decltype(place);
      with_width<Real>(
          args.shape.C,
          [&](auto width) {
            constexpr int kWidth = decltype(width)::value;
            const int64_t count = args.dx.elements() / kWidth;
            launch(stream, max_backward_kernel<Real, Place, kWidth>, blocks_of(count), kThreads, 0,
                   data_of<Real>(args.dx), data_of<const Real>(args.dy), data_of<const Place>(args.places),
                   Windows(args.shape), count);
          },
          data_of<const Real>(args.dx), data_of<const Real>(args.dy));
    });
  });
}

void average_pool_forward(Stream& stream, const AveragePoolForward& args) {
  check_pool(args.shape, args.x, args.y);
  for_real(args.shape.dtype, [&](auto real) {
    using Real = decltype(real);
    with_width<Real>(
        args.shape.C,
        [&](auto width) {
          constexpr int kWidth = decltype(width)::value;
          const int64_t count = args.y.elements() / kWidth;
          launch(stream, average_forward_kernel<Real, kWidth>, blocks_of(count), kThreads, 0, data_of<Real>(args.y),
                 data_of<const Real>(args.x), Windows(args.shape), count);
        },
        data_of<const Real>(args.x), data_of<const Real>(args.y));
  });
}

void average_pool_backward(Stream& stream, const AveragePoolBackward& args) {
  check_pool(args.shape, args.dx, args.dy);
  for_real(args.shape.dtype, [&](auto real) {
    using Real = decltype(real);
    with_width<Real>(
        args.shape.C,
        [&](auto width) {
          constexpr int kWidth = decltype(width)::value;
          const int64_t count = args.dx.elements() / kWidth;
          launch(stream, average_backward_kernel<Real, kWidth>, blocks_of(count), kThreads, 0, data_of<Real>(args.dx),
                 data_of<const Real>(args.dy), Windows(args.shape), count);
        },
        data_of<const Real>(args.dx), data_of<const Real>(args.dy));
  });
}

}  // namespace convoy::cuda
