// y = weight * (x - mean) / spread + bias by columns, one pass; what belongs to a column stays in registers.
#include "kernels/cuda/columns.h"
#include "kernels/cuda/operators.h"

namespace convoy::cuda {
namespace {

template <class To>
struct Columns {
  const float *mean, *spread;  // mean: null: 0
  const To *weight, *bias;     // null: 1, 0
  bool by_variance;
  float eps;

  __device__ float factor(int64_t c) const {
    const float s = spread[c], inverse = by_variance ? 1.0f / sqrtf(s + eps) : s > 0 ? 1.0f / s : 0.0f;
    return weight == nullptr ? inverse : inverse * to_float(weight[c]);
  }
};

// kWidth elements as floats; bytes too.
template <int kWidth, class From>
__device__ inline void load_floats(float (&values)[kWidth], const From* from) {
  if constexpr (sizeof(From) == 1) {
    for (int i = 0; i < kWidth; ++i) values[i] = static_cast<float>(from[i]);
  } else {
    const Elements<From, kWidth> elements(from);
    for (int i = 0; i < kWidth; ++i) values[i] = elements.get(i);
  }
}

template <class To, class From, int kWidth>
__global__ void __launch_bounds__(kColumnThreads)
    column_normalise_kernel(To* y, const From* x, Columns<To> columns, int64_t N, int64_t C, int lanes,
                            int64_t chunk_rows) {
  const ColumnPart part(N, lanes, chunk_rows, kWidth);
  if (part.column >= C) return;
  float mean[kWidth], factor[kWidth], bias[kWidth];
  for (int i = 0; i < kWidth; ++i) {
    const int64_t c = part.column + i;
    mean[i] = columns.mean == nullptr ? 0 : columns.mean[c];
    factor[i] = columns.factor(c);
    bias[i] = columns.bias == nullptr ? 0 : to_float(columns.bias[c]);
  }
  part.for_rows([&](int64_t row) {
    float values[kWidth];
    load_floats(values, x + row * C + part.column);
    Elements<To, kWidth> result;
    for (int i = 0; i < kWidth; ++i) result.set(i, fmaf(values[i] - mean[i], factor[i], bias[i]));
    result.store(y + row * C + part.column);
  });
}

template <class To, class From>
void enqueue(Stream& stream, const ColumnNormalise& args) {
  const int64_t C = args.x.shape[-1], N = args.x.elements() / C;
  auto* y = data_of<To>(args.y);
  const auto* x = data_of<const From>(args.x);
  const Columns<To> columns{data_of<float>(args.mean), data_of<float>(args.spread),   data_of<To>(args.weight),
                            data_of<To>(args.bias),    args.kind == Spread::variance, args.eps};
  const ColumnGrid grid = column_grid(N, C, wide_columns(C, x, y));
  launch(stream, grid.wide ? column_normalise_kernel<To, From, kColumnWidth> : column_normalise_kernel<To, From, 1>,
         grid.blocks, kColumnThreads, 0, y, x, columns, N, C, grid.lanes, grid.chunk_rows);
}

}  // namespace

void column_normalise(Stream& stream, const ColumnNormalise& args) {
  for_real(args.y.dtype, [&](auto to) {
    using To = decltype(to);
    if (args.x.dtype == DType::u8) return enqueue<To, uint8_t>(stream, args);
    for_real(args.x.dtype, [&](auto from) { enqueue<To, decltype(from)>(stream, args); });
  });
}

}  // namespace convoy::cuda
