// What a device with several kinds of kernels has to be asked beside attention_test.cpp: rows at multiples of 16 bytes,
// as its fastest kernels take them, at the edges of their tiles, against float64; and dropout's masks, one by one.
#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "core/ops/attention.h"
#include "core/ops/dropout.h"
#include "tests/kernels/attention_case.h"

namespace convoy::test {
namespace {

constexpr int64_t kAlignedGap = 8;

struct Gradients {
  Values dq, dk, dv;
};

// One query of one head: adds to dk and dv, writes dq.
struct QueryGradient {
  const AttentionOptions& o;
  const AttentionValues& in;
  const Values& dy;
  Gradients& out;

  size_t query(int64_t b, int64_t i, int64_t h) const { return static_cast<size_t>(((b * o.Tq + i) * o.H + h) * o.D); }
  size_t key(int64_t b, int64_t j, int64_t h) const {
    return static_cast<size_t>(((b * o.Tk + j) * o.Hkv + h / (o.H / o.Hkv)) * o.D);
  }
  double dot_at(const Values& x, size_t i, const Values& y, size_t j) const {
    double sum = 0;
    for (size_t d = 0; d < static_cast<size_t>(o.D); ++d) sum += x[i + d] * y[j + d];
    return sum;
  }
  void add(Values& sums, size_t i, double factor, const Values& x, size_t j) const {
    for (size_t d = 0; d < static_cast<size_t>(o.D); ++d) sums[i + d] += factor * x[j + d];
  }

  void run(const Dropout& dropout, int64_t b, int64_t h, int64_t i) {
    const double scale = 1 / std::sqrt(static_cast<double>(o.D));
    const int64_t seen = end_of_keys(o, b, i);
    const int64_t first = std::min(seen, first_key(o, b, i));
    const size_t q = query(b, i, h);
    Values p, dp;
    double largest = -1e300, total = 0, delta = 0;
    for (int64_t j = first; j < seen; ++j) p.push_back(scale * dot_at(in.q, q, in.k, key(b, j, h)));
    for (const double score : p) largest = std::max(largest, score);
    for (double& score : p) total += score = std::exp(score - largest);
    for (int64_t j = first; j < seen; ++j) {
      const double factor = dropout_factor(dropout, (b * o.H + h) * o.Tq + i, j),
                   weight = p[static_cast<size_t>(j - first)] /= total;
      add(out.dv, key(b, j, h), weight * factor, dy, q);
      dp.push_back(factor * dot_at(dy, q, in.v, key(b, j, h)));
      delta += weight * dp.back();
    }
    for (int64_t j = first; j < seen; ++j) {
      const double ds = scale * p[static_cast<size_t>(j - first)] * (dp[static_cast<size_t>(j - first)] - delta);
      add(out.dq, q, ds, in.k, key(b, j, h));
      add(out.dk, key(b, j, h), ds, in.q, q);
    }
  }
};

Gradients gradients_f64(const AttentionOptions& o, const Dropout& dropout, const AttentionValues& in,
                        const Values& dy) {
  Gradients out{Values(in.q.size(), 0.0), Values(in.k.size(), 0.0), Values(in.v.size(), 0.0)};
  QueryGradient gradient{o, in, dy, out};
  for (int64_t b = 0; b < o.B; ++b)
    for (int64_t h = 0; h < o.H; ++h)
      for (int64_t i = 0; i < o.Tq; ++i) gradient.run(dropout, b, h, i);
  return out;
}

class AttentionTilesTest : public OpsTest {
 protected:
  void expect_all(const AttentionOptions& options, double tolerance) {
    SCOPED_TRACE(to_string(options));
    const AttentionCase c(options);
    run_with_scratch(c.forward());
    run_with_scratch(c.backward());
    Values logsumexp;
    expect_near(c.y(), attention_f64(options, c.with.dropout, c.inputs(), &logsumexp), tolerance, "y");
    expect_near(c.logsumexp(), logsumexp, 1e-5, "logsumexp");
    const Gradients expected = gradients_f64(options, c.with.dropout, c.inputs(), c.dy());
    expect_near(c.dq(), expected.dq, tolerance, "dq");
    expect_near(c.dk(), expected.dk, tolerance, "dk");
    expect_near(c.dv(), expected.dv, tolerance, "dv");
  }
};

TEST_F(AttentionTilesTest, EdgesOfTiles) {
  for (const int64_t D : {64, 128})
    for (const auto& [Tq, Tk] : {std::pair{3, 3}, {64, 64}, {65, 63}, {128, 128}, {130, 257}, {257, 130}, {40, 1}})
      for (const bool causal : {true, false})
        expect_all(
            {.Tq = Tq, .Tk = Tk, .H = 1, .Hkv = 1, .D = D, .dtype = DType::bf16, .causal = causal, .gap = kAlignedGap},
            1e-2);
}

TEST_F(AttentionTilesTest, GroupsOfQueryHeadsInSeveralSamples) {
  for (const int64_t D : {64, 128})
    for (const int64_t Hkv : {1, 2})
      expect_all({.B = 2, .Tq = 70, .Tk = 90, .H = 4, .Hkv = Hkv, .D = D, .dtype = DType::bf16, .gap = kAlignedGap},
                 1e-2);
}

TEST_F(AttentionTilesTest, Dropout) {
  for (const int64_t D : {64, 128})
    for (const bool causal : {true, false})
      expect_all({.B = 2,
                  .Tq = 70,
                  .Tk = 140,
                  .H = 2,
                  .Hkv = 1,
                  .D = D,
                  .dtype = DType::bf16,
                  .causal = causal,
                  .p = 0.3f,
                  .gap = kAlignedGap},
                 2e-2);
}

// Ends within tiles, at their edges and in other tiles than the query's.
TEST_F(AttentionTilesTest, Prefixes) {
  const auto expect = [&](DType dtype, int64_t D, int64_t document, int64_t prefix, float p, double tolerance) {
    expect_all({.B = 2,
                .Tq = 150,
                .Tk = 150,
                .H = 2,
                .Hkv = 1,
                .D = D,
                .dtype = dtype,
                .p = p,
                .gap = kAlignedGap,
                .document = document,
                .prefix = prefix},
               tolerance);
  };
  for (const int64_t D : {64, 128})
    for (const auto& [document, prefix] : {std::pair{0, 5}, {0, 64}, {0, 130}, {11, 7}, {90, 70}, {90, 90}})
      expect(DType::bf16, D, document, prefix, 0, 1e-2);
  for (const DType dtype : {DType::f32, DType::bf16})
    expect(dtype, 64, 90, 40, 0.3f, dtype == DType::f32 ? 5e-5 : 2e-2);
  for (const int64_t D : {32, 64, 128, 200}) expect(DType::f32, D, 90, 40, 0, 5e-5);
}

// On tensor cores and, with dropout or f32, not on them.
TEST_F(AttentionTilesTest, WindowsAndDocuments) {
  for (const int64_t D : {64, 128})
    for (const auto& [window, document] : {std::pair{5, 0}, {70, 0}, {0, 11}, {0, 90}, {33, 40}})
      expect_all({.B = 2,
                  .Tq = 150,
                  .Tk = 150,
                  .H = 2,
                  .Hkv = 1,
                  .D = D,
                  .dtype = DType::bf16,
                  .gap = kAlignedGap,
                  .window = window,
                  .document = document},
                 1e-2);
  for (const float p : {0.0f, 0.3f})
    for (const auto& [D, dtype, tolerance] : {std::tuple{24, DType::f32, 3e-5}, {64, DType::bf16, 2e-2}})
      for (const auto& [Tq, Tk] : {std::pair{150, 150}, {40, 90}})
        expect_all({.B = 2,
                    .Tq = Tq,
                    .Tk = Tk,
                    .H = 2,
                    .Hkv = 1,
                    .D = D,
                    .dtype = dtype,
                    .p = p,
                    .gap = kAlignedGap,
                    .window = 33,
                    .document = 40},
                   tolerance);
}

// Many tiles of keys add to each dq, in one order whichever block is first.
TEST_F(AttentionTilesTest, BackwardGivesTheSameBitsInEveryRun) {
  for (const int64_t D : {64, 128})
    for (const auto& [causal, window] : {std::pair{true, 0}, {false, 0}, {true, 300}}) {
      const AttentionOptions options{.B = 2,
                                     .Tq = 600,
                                     .Tk = 600,
                                     .H = 2,
                                     .Hkv = 1,
                                     .D = D,
                                     .dtype = DType::bf16,
                                     .causal = causal,
                                     .gap = kAlignedGap,
                                     .window = window};
      SCOPED_TRACE(to_string(options));
      const AttentionCase c(options);
      run_with_scratch(c.forward());
      run_with_scratch(c.backward());
      const Bits first = c.bits();
      for (int run = 0; run < 2; ++run) {
        run_with_scratch(c.backward());
        EXPECT_EQ(c.bits(), first);
      }
    }
}

TEST_F(AttentionTilesTest, DecodingReadsInPacks) {
  for (const auto& [dtype, tolerance] : kPrecisions)
    for (const int64_t Tk : {1, 40, 128, 129, 300})
      for (const int64_t D : {8, 40, 64, 128, 256}) {
        const AttentionOptions o{
            .B = 2, .Tq = 1, .Tk = Tk, .H = 2, .Hkv = 1, .D = D, .dtype = dtype, .gap = kAlignedGap};
        SCOPED_TRACE(to_string(o));
        const AttentionCase c(o);
        run_with_scratch(c.forward());
        Values logsumexp;
        expect_near(c.y(), attention_f64(o, c.with.dropout, c.inputs(), &logsumexp), tolerance, "y");
        expect_near(c.logsumexp(), logsumexp, 1e-5, "logsumexp");
      }
}

TEST_F(AttentionTilesTest, LargeLogitsPickOneKeyInBf16) {
  for (const int64_t D : {64, 128}) {
    const AttentionOptions o{
        .Tq = 20, .Tk = 100, .H = 1, .Hkv = 1, .D = D, .dtype = DType::bf16, .size = 1e4, .gap = kAlignedGap};
    const AttentionCase c(o);
    run_with_scratch(c.forward());
    expect_near(c.y(), attention_f64(o, c.with.dropout, c.inputs()), 1e-2, "y");
  }
}

TEST_F(AttentionTilesTest, PacksOfBothTypes) {
  for (const int64_t D : {8, 40, 80, 160})
    expect_all({.B = 2, .Tq = 40, .Tk = 70, .H = 2, .Hkv = 1, .D = D, .dtype = DType::bf16, .gap = kAlignedGap}, 1e-2);
  for (const int64_t D : {4, 20, 64, 128, 256})
    expect_all({.B = 2, .Tq = 40, .Tk = 70, .H = 2, .Hkv = 1, .D = D, .gap = kAlignedGap}, 3e-5);
}

// Queries are zero, so that every key that is seen has the same probability; values are rows of the unit matrix, and so
// are the gradients of y: y and dv are the probabilities themselves, and a wrong mask is a zero or not.
TEST_F(AttentionTilesTest, DropoutKeepsTheElementsThatItsFormulaKeeps) {
  constexpr int64_t T = 64, H = 2;
  for (const auto& [dtype, tolerance] : kPrecisions)
    for (const bool causal : {true, false}) {
      Values unit(static_cast<size_t>(T * H * T), 0.0);
      for (int64_t t = 0; t < T; ++t)
        for (int64_t h = 0; h < H; ++h) unit[static_cast<size_t>((t * H + h) * T + t)] = 1;
      const Shape shape{1, T, H, T};
      const Array q = Array::zeros(shape, dtype), v(shape, dtype, unit), y = Array::zeros(shape, dtype), dv = y, dq = y;
      const Array logsumexp = Array::zeros({1, H, T}, DType::f32);
      const DropoutCase with(0.25f, H * T);
      const auto heads = [](const Array& array) { return Heads{array.tensor().data, H * T, T * H * T}; };
      const AttentionShape s{1, T, T, H, H, T, dtype, causal, 0.125f};
      run_with_scratch(AttentionForward{s, heads(y), logsumexp, heads(q), heads(q), heads(v), with.dropout});
      const Array dk = y;
      run_with_scratch(AttentionBackward{s, heads(dq), heads(dk), heads(dv), heads(v), heads(y), heads(q), heads(q),
                                         heads(v), logsumexp, with.dropout});
      Values weights(unit.size()), transposed(unit.size());
      for (int64_t h = 0; h < H; ++h)
        for (int64_t i = 0; i < T; ++i)
          for (int64_t j = 0; j < T; ++j) {
            const int64_t seen = causal ? i + 1 : T;
            const double p = j < seen ? dropout_factor(with.dropout, h * T + i, j) / static_cast<double>(seen) : 0;
            weights[static_cast<size_t>((i * H + h) * T + j)] = p;
            transposed[static_cast<size_t>((j * H + h) * T + i)] = p;
          }
      const auto mask = [](Values values) {
        for (double& value : values) value = value != 0 ? 1 : 0;
        return values;
      };
      EXPECT_EQ(mask(y.values()), mask(weights));
      EXPECT_EQ(mask(dv.values()), mask(transposed));
      expect_near(y.values(), weights, tolerance, "y");
      expect_near(dv.values(), transposed, tolerance, "dv");
    }
}

}  // namespace
}  // namespace convoy::test
