// Operators that put tensors together: Combine, Gate, CopyColumns; and bytes as numbers.
#include "kernels/cuda/elementwise.h"
#include "kernels/cuda/operators.h"

namespace convoy::cuda {
namespace {

template <class Real>
struct Combined {
  Real* y;
  const Real* inputs[Combine::kMostInputs];
  int count;
  bool sums;

  template <int kWidth>
  __device__ void apply(int64_t i) const {
    const Elements<Real, kWidth> first(inputs[0] + i);
    float totals[kWidth];
    for (int k = 0; k < kWidth; ++k) totals[k] = first.get(k);
    for (int input = 1; input < count; ++input) {
      const Elements<Real, kWidth> next(inputs[input] + i);
      for (int k = 0; k < kWidth; ++k) totals[k] = sums ? totals[k] + next.get(k) : totals[k] * next.get(k);
    }
    Elements<Real, kWidth> to;
    for (int k = 0; k < kWidth; ++k) to.set(k, totals[k]);
    to.store(y + i);
  }
};

template <class Real>
struct Gated {
  Real* y;
  const Real *x, *gate;
  int64_t P, C;

  template <int kWidth>
  __device__ void apply(int64_t i) const {
    const int64_t row = i / C, c = i - row * C;
    const Elements<Real, kWidth> from(x + i), factor(gate + row / P * C + c);
    Elements<Real, kWidth> to;
    for (int k = 0; k < kWidth; ++k) to.set(k, from.get(k) * factor.get(k));
    to.store(y + i);
  }
};

constexpr int kTileColumns = 32, kTileRows = 8;

// A block sums a tile of columns of a sample, a warp every kTileRows-th row.
template <class Real>
__global__ void __launch_bounds__(kTileColumns* kTileRows)
    gate_gradient_kernel(Real* dgate, const Real* dy, const Real* x, int64_t P, int64_t C, int64_t tiles) {
  __shared__ float sums[kTileRows][kTileColumns];
  const int column = static_cast<int>(threadIdx.x) % kTileColumns, row = static_cast<int>(threadIdx.x) / kTileColumns;
  const int64_t sample = blockIdx.x / tiles, c = blockIdx.x % tiles * kTileColumns + column;
  float sum = 0;
  for (int64_t p = row; p < P && c < C; p += kTileRows) {
    const int64_t i = (sample * P + p) * C + c;
    sum = fmaf(to_float(dy[i]), to_float(x[i]), sum);
  }
  sums[row][column] = sum;
  __syncthreads();
  if (row > 0 || c >= C) return;
  for (int r = 1; r < kTileRows; ++r) sum += sums[r][column];
  dgate[sample * C + c] = from_float<Real>(sum);
}

// Extents in units of one access.
template <class Unit>
struct CopiedColumns {
  Unit* to;
  const Unit* from;
  int64_t columns, to_stride, from_stride;

  template <int kWidth>
  __device__ void apply(int64_t i) const {
    static_assert(kWidth == 1);
    const int64_t row = i / columns, column = i - row * columns;
    to[row * to_stride + column] = from[row * from_stride + column];
  }
};

template <class Unit>
void enqueue_copy(Stream& stream, const CopyColumns& args) {
  const auto units = [size = size_of(args.to.dtype)](int64_t elements) {
    return elements * static_cast<int64_t>(size) / static_cast<int64_t>(sizeof(Unit));
  };
  const CopiedColumns<Unit> operation{data_of<Unit>(args.to) + units(args.to_column),
                                      data_of<Unit>(args.from) + units(args.from_column), units(args.columns),
                                      units(args.to.shape[1]), units(args.from.shape[1])};
  enqueue_single(stream, args.to.shape[0] * operation.columns, operation);
}

// May all be counted in units of so many bytes?
bool counts_in(const CopyColumns& args, int64_t bytes) {
  const auto size = static_cast<int64_t>(size_of(args.to.dtype));
  for (const int64_t elements : {args.to_column, args.from_column, args.columns, args.to.shape[1], args.from.shape[1]})
    if (elements * size % bytes != 0) return false;
  return reinterpret_cast<uintptr_t>(args.to.data) % static_cast<uintptr_t>(bytes) == 0 &&
         reinterpret_cast<uintptr_t>(args.from.data) % static_cast<uintptr_t>(bytes) == 0;
}

template <class Real>
struct ScaledBytes {
  Real* y;
  const uint8_t* x;
  float scale, shift;

  template <int kWidth>
  __device__ void apply(int64_t i) const {
    Elements<Real, kWidth> to;
    uint32_t bytes = 0;
    if constexpr (kWidth == 4)
      bytes = *reinterpret_cast<const uint32_t*>(x + i);
    else
      bytes = x[i];
    for (int k = 0; k < kWidth; ++k) to.set(k, fmaf(scale, static_cast<float>(bytes >> (8 * k) & 0xffu), shift));
    to.store(y + i);
  }
};

}  // namespace

void combine(Stream& stream, const Combine& args) {
  for_real(args.y.dtype, [&](auto real) {
    using Real = decltype(real);
    Combined<Real> operation{data_of<Real>(args.y), {}, args.count, args.kind == Combination::sum};
    bool wide = aligned_16(operation.y);
    for (int i = 0; i < args.count; ++i) {
      operation.inputs[i] = data_of<Real>(args.inputs[static_cast<size_t>(i)]);
      wide = wide && aligned_16(operation.inputs[i]);
    }
    enqueue_elementwise(stream, args.y.elements(), wide, operation);
  });
}

void gate(Stream& stream, const Gate& args) {
  for_real(args.x.dtype, [&](auto real) {
    using Real = decltype(real);
    const Gated<Real> operation{data_of<Real>(args.y), data_of<Real>(args.x), data_of<Real>(args.gate), args.x.shape[1],
                                args.x.shape[2]};
    const bool wide = operation.C % kElementwiseWidth == 0 && aligned_16(operation.y, operation.x, operation.gate);
    enqueue_elementwise(stream, args.x.elements(), wide, operation);
  });
}

void gate_gradient(Stream& stream, const GateGradient& args) {
  const int64_t B = args.x.shape[0], P = args.x.shape[1], C = args.x.shape[2];
  const int64_t tiles = ceil_div<int64_t>(C, kTileColumns);
  for_real(args.x.dtype, [&](auto real) {
    using Real = decltype(real);
    launch(stream, gate_gradient_kernel<Real>, static_cast<unsigned>(B * tiles), kTileColumns * kTileRows, 0,
           data_of<Real>(args.dgate), data_of<const Real>(args.dy), data_of<const Real>(args.x), P, C, tiles);
  });
}

void copy_columns(Stream& stream, const CopyColumns& args) {
  if (counts_in(args, 16))
    enqueue_copy<uint4>(stream, args);
  else if (counts_in(args, 4))
    enqueue_copy<uint32_t>(stream, args);
  else
    enqueue_copy<uint16_t>(stream, args);
}

void scale_bytes(Stream& stream, const ScaleBytes& args) {
  for_real(args.y.dtype, [&](auto real) {
    using Real = decltype(real);
    const ScaledBytes<Real> operation{data_of<Real>(args.y), data_of<uint8_t>(args.x), args.scale, args.shift};
    enqueue_elementwise(stream, args.x.elements(), aligned_16(operation.y, operation.x), operation);
  });
}

}  // namespace convoy::cuda
