// Sums, conversions and statistics of ranges.
#pragma once

namespace convoy::cpu::CONVOY_ISA {
namespace {

// Four accumulators, so that the adder's latency is hidden; they are added in a fixed order.
template <class Term>
inline float sum_of_terms(const float* x, int64_t n, const Term& term) {
  F32x16 sums[4] = {broadcast(0.0f), broadcast(0.0f), broadcast(0.0f), broadcast(0.0f)};
  int64_t i = 0;
  for (; i + 4 * kLanes <= n; i += 4 * kLanes)
    for (int u = 0; u < 4; ++u) sums[u] = term(load(x + i + u * kLanes), sums[u]);
  for_vectors(n - i, [&](int64_t k, auto lanes) { sums[0] = term(load(x + i + k, lanes), sums[0]); });
  return sum_lanes((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

float sum(const float* x, int64_t n) {
  return sum_of_terms(x, n, [](F32x16 a, F32x16 total) { return total + a; });
}

float sum_squares(const float* x, int64_t n) {
  return sum_of_terms(x, n, [](F32x16 a, F32x16 total) { return fma(a, a, total); });
}

template <class Through, class Real>
inline void add_through(Real* y, const Real* x, int64_t n) {
  for_vectors(n, [=](int64_t i, auto lanes) {
    store(y + i, rounded_to<Through>(load(y + i, lanes) + load(x + i, lanes)), lanes);
  });
}

void add(const Add& args, int64_t begin, int64_t end) {
  if (args.y.dtype == DType::bf16)
    add_through<float>(args.y.as<bf16>() + begin, args.x.as<bf16>() + begin, end - begin);
  else if (args.through == DType::bf16)
    add_through<bf16>(args.y.as<float>() + begin, args.x.as<float>() + begin, end - begin);
  else
    add_through<float>(args.y.as<float>() + begin, args.x.as<float>() + begin, end - begin);
}

// One vector of the tree. A binary counter of finished subtrees is that tree: each holds a power of two of rows, and
// what is left over at the end joins from the right.
template <class Real, class Lanes>
inline F32x16 tree_sum_vector(const Real* rows, int64_t R, int64_t stride, Lanes lanes) {
  F32x16 subtrees[64];
  int count = 0;
  for (int64_t r = 0; r < R; ++r) {
    subtrees[count++] = load(rows + r * stride, lanes);
    for (int64_t carry = r + 1; carry % 2 == 0; carry /= 2, --count)
      subtrees[count - 2] = rounded_to<Real>(subtrees[count - 2] + subtrees[count - 1]);
  }
  for (; count > 1; --count) subtrees[count - 2] = rounded_to<Real>(subtrees[count - 2] + subtrees[count - 1]);
  return subtrees[0];
}

void tree_sum(const TreeSum& args, int64_t begin, int64_t end) {
  const int64_t R = args.rows.shape[0], n = args.rows.shape[1];
  float* y = args.y.as<float>() + begin;
  with_real(args.rows.dtype, [&](auto* real) {
    const auto* rows = args.rows.as<std::remove_pointer_t<decltype(real)>>() + begin;
    for_vectors(end - begin,
                [=](int64_t i, auto lanes) { store(y + i, tree_sum_vector(rows + i, R, n, lanes), lanes); });
  });
}

void cast(const Cast& args, int64_t begin, int64_t end) {
  with_real(args.x.dtype, [&](auto* from) {
    with_real(args.y.dtype, [&](auto* to) {
      const auto* x = args.x.as<std::remove_pointer_t<decltype(from)>>() + begin;
      auto* y = args.y.as<std::remove_pointer_t<decltype(to)>>() + begin;
      for_vectors(end - begin, [=](int64_t i, auto lanes) { store(y + i, load(x + i, lanes), lanes); });
    });
  });
}

void moving_average(const MovingAverage& args, int64_t begin, int64_t end) {
  float* average = args.average.as<float>() + begin;
  const float* weights = args.weights.as<float>() + begin;
  const F32x16 rate = broadcast(args.rate);
  for_vectors(end - begin, [=](int64_t i, auto lanes) {
    const F32x16 a = load(average + i, lanes);
    store(average + i, fma(rate, load(weights + i, lanes) - a, a), lanes);
  });
}

template <class Real>
inline StatisticsPart statistics_of(const Real* x, int64_t n) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  StatisticsPart part{kInfinity, -kInfinity, 0, 0, 0, 0};
  F32x16 low = broadcast(kInfinity), high = broadcast(-kInfinity);
  constexpr int64_t kBlock = 1024;  // summed in f32, blocks in f64
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    F32x16 total = broadcast(0.0f), magnitudes = broadcast(0.0f);
    for_vectors(std::min(kBlock, n - begin), [&](int64_t i, auto lanes) {
      const F32x16 a = existing(load(x + begin + i, lanes), lanes, kInfinity);
      const Mask16 finite = abs(a) < broadcast(kInfinity);  // false for a NaN
      const F32x16 value = select(finite, a, broadcast(0.0f));
      part.finite += count_true(finite);
      low = min(low, select(finite, a, broadcast(kInfinity)));
      high = max(high, select(finite, a, broadcast(-kInfinity)));
      total = total + value;
      magnitudes = magnitudes + abs(value);
    });
    part.sum += static_cast<double>(sum_lanes(total));
    part.sum_of_magnitudes += static_cast<double>(sum_lanes(magnitudes));
  }
  part.min = -max_lanes(broadcast(0.0f) - low);
  part.max = max_lanes(high);
  part.not_finite = n - part.finite;
  return part;
}

StatisticsPart statistics(const Tensor& x, int64_t begin, int64_t end) {
  StatisticsPart part{};
  with_real(x.dtype, [&](auto* real) {
    part = statistics_of(x.as<std::remove_pointer_t<decltype(real)>>() + begin, end - begin);
  });
  return part;
}

// Blocks of rows are summed apart: the error stays that of one block, however many rows there are.
template <class Real>
inline void column_sums_of(float* sums, const Real* x, int64_t rows, int64_t stride, int64_t columns) {
  constexpr int64_t kRows = 256;
  for_vectors(columns, [=](int64_t i, auto lanes) {
    F32x16 total = load(sums + i, lanes);
    for (int64_t begin = 0; begin < rows; begin += kRows) {
      F32x16 part = broadcast(0.0f);
      for (int64_t r = begin; r < std::min(rows, begin + kRows); ++r) part = part + load(x + r * stride + i, lanes);
      total = total + part;
    }
    store(sums + i, total, lanes);
  });
}

void column_sums(const ColumnSums& args, int64_t begin, int64_t end) {
  const int64_t N = args.x.shape[0], C = args.x.shape[1];
  with_real(args.x.dtype, [&](auto* real) {
    column_sums_of(args.sums.as<float>() + begin, args.x.as<std::remove_pointer_t<decltype(real)>>() + begin, N, C,
                   end - begin);
  });
}

void add_rows(float* total, const float* rows, int64_t count, int64_t stride, int64_t n) {
  for_vectors(n, [=](int64_t i, auto lanes) {
    F32x16 column = load(total + i, lanes);
    for (int64_t r = 0; r < count; ++r) column = column + load(rows + r * stride + i, lanes);
    store(total + i, column, lanes);
  });
}

}  // namespace
}  // namespace convoy::cpu::CONVOY_ISA
