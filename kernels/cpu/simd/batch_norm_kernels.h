// Batch normalisation over columns. Rows come in blocks that stay in the first-level cache between two passes.
#pragma once

namespace convoy::cpu::CONVOY_ISA {
namespace {

inline constexpr int64_t kColumnRows = 64;  // of a block

// body(first column, vectors, Full or Part of the last one): up to kMost vectors of columns, whose sums are kept in
// registers while rows go by. vectors: a type that converts to their number.
template <int kMost, class Body>
inline void for_column_groups(int64_t C, const Body& body) {
  int64_t c = 0;
  for (; c + kMost * kLanes <= C; c += kMost * kLanes) body(c, std::integral_constant<int, kMost>{}, Full{});
  for (; c + kLanes <= C; c += kLanes) body(c, std::integral_constant<int, 1>{}, Full{});
  if (c < C) body(c, std::integral_constant<int, 1>{}, Part{static_cast<int>(C - c)});
}

// Mean and sum of squared distances from it, of `rows` rows at x; joined with those of the `before` rows that came
// earlier (Chan, Golub and LeVeque, The American Statistician 37(3), 1983). The second pass also finds by how much the
// first one's mean was rounded.
template <class Real>
inline void add_moments(const Real* x, int64_t rows, int64_t before, int64_t C, float* mean, float* squares) {
  const auto n = static_cast<float>(rows);
  const float share = n / static_cast<float>(before + rows), both = static_cast<float>(before) * share;
  for_column_groups<4>(C, [=](int64_t c, auto vectors, auto lanes) {
    F32x16 m[vectors], s[vectors], rest[vectors];
    for (int v = 0; v < vectors; ++v) m[v] = s[v] = rest[v] = broadcast(0.0f);
    for (int64_t r = 0; r < rows; ++r)
      for (int v = 0; v < vectors; ++v) m[v] = m[v] + load(x + r * C + c + v * kLanes, lanes);
    for (int v = 0; v < vectors; ++v) m[v] = m[v] / broadcast(n);
    for (int64_t r = 0; r < rows; ++r)
      for (int v = 0; v < vectors; ++v) {
        const F32x16 d = load(x + r * C + c + v * kLanes, lanes) - m[v];
        rest[v] = rest[v] + d;
        s[v] = fma(d, d, s[v]);
      }
    for (int v = 0; v < vectors; ++v) {
      const F32x16 off = rest[v] / broadcast(n);
      m[v] = m[v] + off;
      s[v] = max(broadcast(0.0f), fma_negated(rest[v], off, s[v]));
      float *const to_mean = mean + c + v * kLanes, *const to_squares = squares + c + v * kLanes;
      const F32x16 known = load(to_mean, lanes), d = m[v] - known;
      store(to_mean, fma(d, broadcast(share), known), lanes);
      store(to_squares, fma(d * d, broadcast(both), s[v] + load(to_squares, lanes)), lanes);
    }
  });
}

// Of rows [begin, end). moments: mean, then sums of squares, written.
void column_moments(const Tensor& x, int64_t begin, int64_t end, float* moments) {
  const int64_t C = x.shape[-1];
  std::memset(moments, 0, static_cast<size_t>(2 * C) * sizeof(float));
  with_real(x.dtype, [&](auto* real) {
    const auto* rows = x.as<std::remove_pointer_t<decltype(real)>>();
    for (int64_t r = begin; r < end; r += kColumnRows)
      add_moments(rows + r * C, std::min(kColumnRows, end - r), r - begin, C, moments, moments + C);
  });
}

// The moments of `count` chunks of `rows` rows each, the last of what is left of N, to those of all rows. Columns
// [begin, end).
void join_moments(const ColumnMoments& args, const float* moments, int64_t rows, int64_t count, int64_t begin,
                  int64_t end) {
  const int64_t C = args.x.shape[-1], N = args.x.elements() / C;
  float *mean = args.mean.as<float>() + begin, *variance = args.variance.as<float>() + begin;
  for_vectors(end - begin, [=](int64_t i, auto lanes) {
    const float* chunk = moments + begin + i;
    F32x16 m = load(chunk, lanes), s = load(chunk + C, lanes);
    for (int64_t k = 1; k < count; ++k) {
      chunk += 2 * C;
      const auto n = static_cast<float>(std::min(rows, N - k * rows)), before = static_cast<float>(k * rows);
      const float share = n / (before + n);
      const F32x16 d = load(chunk, lanes) - m;
      m = fma(d, broadcast(share), m);
      s = fma(d * d, broadcast(before * share), s + load(chunk + C, lanes));
    }
    store(mean + i, m, lanes);
    store(variance + i, s / broadcast(static_cast<float>(N)), lanes);
  });
}

// y = (x - mean) * scale + bias, of `count` rows of n elements. columns: mean, scale and bias, `stride` apart.
template <class To, class From>
inline void normalise_rows(To* y, const From* x, const float* columns, int64_t stride, int64_t n, int64_t count) {
  for (int64_t row = 0; row < count; ++row, x += n, y += n)
    for_vectors(n, [=](int64_t c, auto lanes) {
      const F32x16 d = load(x + c, lanes) - load(columns + c, lanes);
      store(y + c, fma(d, load(columns + stride + c, lanes), load(columns + 2 * stride + c, lanes)), lanes);
    });
}

// Rows are taken `fold` at a time, as one of as many elements: three colours fill no vector.
void column_normalise(const ColumnNormalise& args, const float* columns, int64_t fold, int64_t begin, int64_t end) {
  const int64_t C = args.x.shape[-1], folded = (end - begin) / fold, left = (end - begin) % fold;
  const auto run = [&](auto* y, const auto* x) {
    normalise_rows(y + begin * C, x + begin * C, columns, fold * C, fold * C, folded);
    normalise_rows(y + (end - left) * C, x + (end - left) * C, columns, fold * C, C, left);
  };
  with_real(args.y.dtype, [&](auto* to) {
    auto* y = args.y.as<std::remove_pointer_t<decltype(to)>>();
    if (args.x.dtype == DType::u8) return run(y, args.x.as<const uint8_t>());
    with_real(args.x.dtype, [&](auto* from) { run(y, args.x.as<const std::remove_pointer_t<decltype(from)>>()); });
  });
}

// Sums of dy, and of dy times the distance of x from the mean, of rows [begin, end). sums: one behind the other,
// written.
void batch_norm_sums(const BatchNormBackward& args, int64_t begin, int64_t end, float* sums) {
  const int64_t C = args.dy.shape[-1];
  std::memset(sums, 0, static_cast<size_t>(2 * C) * sizeof(float));
  with_real(args.dy.dtype, [&](auto* real) {
    using Real = std::remove_pointer_t<decltype(real)>;
    const Real *all_dy = args.dy.as<Real>(), *all_x = args.x.as<Real>();
    for (int64_t first = begin; first < end; first += kColumnRows)
      for_column_groups<2>(C, [&](int64_t c, auto vectors, auto lanes) {
        F32x16 mean[vectors], sum[vectors], product[vectors];
        for (int v = 0; v < vectors; ++v) {
          mean[v] = load(args.mean.as<float>() + c + v * kLanes, lanes);
          sum[v] = product[v] = broadcast(0.0f);
        }
        for (int64_t r = first; r < std::min(end, first + kColumnRows); ++r)
          for (int v = 0; v < vectors; ++v) {
            const int64_t i = r * C + c + v * kLanes;
            const F32x16 dy = load(all_dy + i, lanes);
            sum[v] = sum[v] + dy;
            product[v] = fma(dy, load(all_x + i, lanes) - mean[v], product[v]);
          }
        for (int v = 0; v < vectors; ++v) {
          float *const to = sums + c + v * kLanes, *const to_product = to + C;
          store(to, load(to, lanes) + sum[v], lanes);
          store(to_product, load(to_product, lanes) + product[v], lanes);
        }
      });
  });
}

// dx = (dy - columns[0] - (x - mean) * columns[1]) * columns[2], of rows [begin, end). columns: (3, C).
void batch_norm_input_gradient(const BatchNormBackward& args, const float* columns, int64_t begin, int64_t end) {
  const int64_t C = args.dy.shape[-1];
  const float* mean = args.mean.as<float>();
  with_real(args.dy.dtype, [&](auto* real) {
    using Real = std::remove_pointer_t<decltype(real)>;
    for (int64_t row = begin; row < end; ++row) {
      const Real *dy = args.dy.as<Real>() + row * C, *x = args.x.as<Real>() + row * C;
      Real* dx = args.dx.as<Real>() + row * C;
      for_vectors(C, [=](int64_t c, auto lanes) {
        const F32x16 distance = load(x + c, lanes) - load(mean + c, lanes);
        const F32x16 g =
            fma_negated(distance, load(columns + C + c, lanes), load(dy + c, lanes) - load(columns + c, lanes));
        store(dx + c, g * load(columns + 2 * C + c, lanes), lanes);
      });
    }
  });
}

}  // namespace
}  // namespace convoy::cpu::CONVOY_ISA
