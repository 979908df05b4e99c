#include <cmath>

#include "core/ops/norm.h"
#include "tests/kernels/support/ops_test.h"

namespace convoy::test {
namespace {

constexpr NormKind kKinds[] = {NormKind::layer, NormKind::rms};

struct NormCase {
  NormKind kind;
  int64_t N, C;
  DType dtype;
  bool branch;
  float p;
  DropoutCase with;
  Array x, branch_array, weight, bias, dy, dother;

  NormCase(NormKind norm, int64_t rows, int64_t channels, DType type, bool has_branch, float dropped,
           double offset = 0.3)
      : kind(norm), N(rows), C(channels), dtype(type), branch(has_branch), p(dropped), with(dropped, 3) {
    Values shifted = random_values(N * C, 1);
    for (double& value : shifted) value += offset;
    x = Array({N, C}, dtype, shifted);
    branch_array = random_array({N, C}, dtype, 2);
    weight = random_array({C}, dtype, 3);
    bias = random_array({C}, dtype, 4);
    dy = random_array({N, C}, dtype, 5);
    dother = random_array({N, C}, dtype, 6);
  }

  Values residual_f64(const Values& x_values, const Values& branch_values) const {
    Values r = x_values;
    if (branch)
      for (int64_t i = 0; i < N * C; ++i)
        r[static_cast<size_t>(i)] += branch_values[static_cast<size_t>(i)] * dropout_factor(with.dropout, i / C, i % C);
    return r;
  }
};

// y and, if asked for, mean and rstd of rows of `residual`. RMS norm: a mean of zero, and no bias.
Values norm_f64(NormKind kind, const Values& residual, const Values& weight, const Values& bias, double eps,
                Values* means = nullptr, Values* rstds = nullptr) {
  const bool centred = kind == NormKind::layer;
  const size_t C = weight.size();
  Values y(residual.size());
  for (size_t n = 0; n < residual.size() / C; ++n) {
    double mean = 0, variance = 0;
    for (size_t c = 0; c < C && centred; ++c) mean += residual[n * C + c] / static_cast<double>(C);
    for (size_t c = 0; c < C; ++c) variance += std::pow(residual[n * C + c] - mean, 2) / static_cast<double>(C);
    const double rstd = 1 / std::sqrt(variance + eps);
    for (size_t c = 0; c < C; ++c)
      y[n * C + c] = weight[c] * (residual[n * C + c] - mean) * rstd + (centred ? bias[c] : 0);
    if (means != nullptr) means->push_back(mean);
    if (rstds != nullptr) rstds->push_back(rstd);
  }
  return y;
}

class NormTest : public OpsTest {
 protected:
  struct Forward {
    Array y, residual, mean, rstd;
  };
  Forward forward(const NormCase& c) {
    Forward f{Array::zeros({c.N, c.C}, c.dtype), Array::zeros({c.N, c.C}, c.dtype), Array::zeros({c.N}, DType::f32),
              Array::zeros({c.N}, DType::f32)};
    NormForward args{.kind = c.kind, .y = f.y, .rstd = f.rstd, .x = c.x, .dropout = c.with.dropout, .weight = c.weight};
    if (c.kind == NormKind::layer) {
      args.mean = f.mean;
      args.bias = c.bias;
    }
    if (c.branch) {
      args.residual = f.residual;
      args.branch = c.branch_array;
    }
    run(args);
    return f;
  }

  struct Backward {
    Array dx, dbranch, dweight, dbias;
  };
  Backward backward(const NormCase& c, const Forward& f, bool other) {
    Backward b{Array::zeros({c.N, c.C}, c.dtype), Array::zeros({c.N, c.C}, c.dtype),
               Array::filled({c.C}, DType::f32, 0.5), Array::filled({c.C}, DType::f32, -0.5)};
    NormBackward args{.kind = c.kind,
                      .dx = b.dx,
                      .dweight = b.dweight,
                      .dy = c.dy,
                      .residual = c.branch ? f.residual : c.x,
                      .rstd = f.rstd,
                      .weight = c.weight,
                      .dropout = c.with.dropout};
    if (c.kind == NormKind::layer) {
      args.mean = f.mean;
      args.dbias = b.dbias;
    }
    if (c.branch && c.p > 0) args.dbranch = b.dbranch;
    if (other) args.dresidual_out = c.dother;
    run_with_scratch(args);
    return b;
  }

  void expect_forward(const NormCase& c, double tolerance) {
    const Forward f = forward(c);
    const Values residual = c.residual_f64(c.x.values(), c.branch_array.values());
    if (c.branch) expect_near(f.residual.values(), residual, tolerance, "residual");
    Values mean, rstd;  // of the rounded residual, which is what is normalised
    const Values y = norm_f64(c.kind, c.branch ? f.residual.values() : c.x.values(), c.weight.values(), c.bias.values(),
                              1e-5, &mean, &rstd);
    expect_near(f.y.values(), y, tolerance, "y");
    expect_near(f.mean.values(), mean, 2e-6, "mean");
    expect_near(f.rstd.values(), rstd, 2e-5, "rstd");
  }

  void expect_backward(const NormCase& c, bool other, double tolerance);
};

// loss = sum(dy * y) + sum(dother * residual)
void NormTest::expect_backward(const NormCase& c, bool other, double tolerance) {
  const Forward f = forward(c);
  const Backward b = backward(c, f, other);
  const Values x = c.x.values(), branch = c.branch_array.values(), weight = c.weight.values(), bias = c.bias.values();
  const auto loss = [&](const Values& x_, const Values& branch_, const Values& weight_, const Values& bias_) {
    const Values residual = c.residual_f64(x_, branch_);
    return dot(c.dy.values(), norm_f64(c.kind, residual, weight_, bias_, 1e-5)) +
           (other ? dot(c.dother.values(), residual) : 0.0);
  };
  const auto some = spread_positions(c.N * c.C, 60), channels = spread_positions(c.C, 40);
  expect_near_at(b.dx.values(), some,
                 numeric_gradient([&](const Values& v) { return loss(v, branch, weight, bias); }, x, some), tolerance,
                 "dx");
  if (c.branch && c.p > 0)
    expect_near_at(b.dbranch.values(), some,
                   numeric_gradient([&](const Values& v) { return loss(x, v, weight, bias); }, branch, some), tolerance,
                   "dbranch");
  Values dweight = numeric_gradient([&](const Values& v) { return loss(x, branch, v, bias); }, weight, channels);
  Values dbias = numeric_gradient([&](const Values& v) { return loss(x, branch, weight, v); }, bias, channels);
  for (double& value : dweight) value += 0.5;  // they are added to what was there
  for (double& value : dbias) value -= 0.5;    // of RMS norm, which has none: stays as it was
  expect_near_at(b.dweight.values(), channels, dweight, tolerance, "dweight");
  expect_near_at(b.dbias.values(), channels, dbias, tolerance, "dbias");
}

TEST_F(NormTest, ForwardMatchesFloat64) {
  for (const NormKind kind : kKinds)
    for (const auto& [dtype, tolerance] : kPrecisions)
      for (const int64_t C : {1, 5, 16, 31, 64, 100, 384, 1601})
        for (const bool branch : {false, true})
          for (const float p : {0.0f, 0.25f}) expect_forward(NormCase(kind, 7, C, dtype, branch, p), tolerance);
}

TEST_F(NormTest, GradientsMatchFiniteDifferences) {
  for (const NormKind kind : kKinds)
    for (const auto& [dtype, tolerance] : kPrecisions)
      for (const int64_t C : {2, 16, 31, 100})
        for (const bool branch : {false, true})
          for (const float p : {0.0f, 0.25f}) {
            if (!branch && p > 0) continue;
            // A bf16 residual was rounded, and every gradient with it.
            const double allowed = dtype == DType::bf16 ? (C == 2 ? 0.5 : 0.05) : C == 2 ? 1e-3 : 1e-4;
            expect_backward(NormCase(kind, 9, C, dtype, branch, p), branch, allowed);
          }
}

TEST_F(NormTest, GradientOfManyRows) {
  for (const NormKind kind : kKinds) expect_backward(NormCase(kind, 700, 17, DType::f32, true, 0.1f), true, 2e-4);
}

TEST_F(NormTest, RowsOfEveryLength) {  // held by a warp, held by a block, and too long to be held
  for (const NormKind kind : kKinds)
    for (const auto& [dtype, tolerance] : kPrecisions)
      for (const int64_t C : {256, 768, 1024, 1030, 4096, 5000, 5001}) {
        const NormCase c(kind, 3, C, dtype, true, 0.25f);
        expect_forward(c, tolerance);
        expect_backward(c, true, dtype == DType::bf16 ? 0.05 : 1e-4);
      }
}

TEST_F(NormTest, LargeMeanDoesNotSwallowTheVariance) {
  expect_forward(NormCase(NormKind::layer, 5, 200, DType::f32, false, 0, 1000), 2e-3);
}

TEST_F(NormTest, HugeRowsAreScaledToOne) {
  expect_forward(NormCase(NormKind::rms, 5, 200, DType::f32, false, 0, 1e6), 2e-5);
}

TEST_F(NormTest, ZeroRowsGiveZero) {  // eps keeps rstd finite
  const Array x = Array::zeros({3, 40}, DType::f32), weight = random_array({40}, DType::f32, 1), y = x;
  const Array rstd = Array::zeros({3}, DType::f32);
  run(NormForward{.kind = NormKind::rms, .y = y, .rstd = rstd, .x = x, .weight = weight, .eps = 0.0625f});
  EXPECT_EQ(y.values(), Values(120, 0.0));
  EXPECT_EQ(rstd.values(), Values(3, 4.0));
}

TEST_F(NormTest, ConstantRowsGiveTheBias) {
  const int64_t C = 40;
  const Array x = Array::filled({3, C}, DType::f32, 5), weight = random_array({C}, DType::f32, 1);
  const Array bias = random_array({C}, DType::f32, 2), y = Array::zeros({3, C}, DType::f32);
  run(NormForward{.y = y, .x = x, .weight = weight, .bias = bias});
  const Values out = y.values(), b = bias.values();
  for (size_t i = 0; i < out.size(); ++i) EXPECT_EQ(out[i], b[i % static_cast<size_t>(C)]);
}

TEST_F(NormTest, GradientMayTakeTheMemoryOfTheOneItAddsTo) {
  for (const NormKind kind : kKinds) {
    const NormCase c(kind, 20, 33, DType::f32, true, 0);
    const Forward f = forward(c);
    const Backward apart = backward(c, f, true);
    NormBackward args{.kind = kind, .dy = c.dy, .residual = f.residual, .rstd = f.rstd, .weight = c.weight};
    if (kind == NormKind::layer) args.mean = f.mean;
    const Array together = c.dother;
    args.dx = args.dresidual_out = together;
    run_with_scratch(args);  // without the parameters' gradients, which may be absent
    EXPECT_EQ(together.bits(), apart.dx.bits());
  }
}

TEST_F(NormTest, NoRowsIsNoWork) {
  for (const NormKind kind : kKinds) {
    const NormCase c(kind, 0, 8, DType::f32, true, 0.1f);
    const Forward f = forward(c);
    EXPECT_EQ(backward(c, f, true).dweight.values(), Values(8, 0.5));
  }
}

TEST_F(NormTest, SameBitsForAnyThreads) {
  for (const NormKind kind : kKinds)
    for (const auto& [dtype, tolerance] : kPrecisions)
      expect_same_bits_for_any_threads([&, type = dtype] {
        const NormCase c(kind, 1000, 100, type, true, 0.1f);
        const Forward f = forward(c);
        const Backward b = backward(c, f, true);
        return Bits{f.y.bits(), f.rstd.bits(), b.dx.bits(), b.dbranch.bits(), b.dweight.bits(), b.dbias.bits()};
      });
}

}  // namespace
}  // namespace convoy::test
