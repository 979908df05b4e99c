#include <cmath>

#include "tests/kernels/support/ops_test.h"

namespace convoy::test {
namespace {

struct RmsNormCase {
  int64_t N, C;
  DType dtype;
  bool branch;
  float p;
  DropoutCase with;
  Array x, branch_array, weight, dy, dother;

  RmsNormCase(int64_t rows, int64_t channels, DType type, bool has_branch, float dropped, double offset = 0.3)
      : N(rows), C(channels), dtype(type), branch(has_branch), p(dropped), with(dropped, 3) {
    Values shifted = random_values(N * C, 1);
    for (double& value : shifted) value += offset;
    x = Array({N, C}, dtype, shifted);
    branch_array = random_array({N, C}, dtype, 2);
    weight = random_array({C}, dtype, 3);
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

// y and, if asked for, rstd of rows of `residual`.
Values rms_norm_f64(const Values& residual, const Values& weight, double eps, Values* rstds = nullptr) {
  const size_t C = weight.size();
  Values y(residual.size());
  for (size_t n = 0; n < residual.size() / C; ++n) {
    double squares = 0;
    for (size_t c = 0; c < C; ++c) squares += std::pow(residual[n * C + c], 2);
    const double rstd = 1 / std::sqrt(squares / static_cast<double>(C) + eps);
    for (size_t c = 0; c < C; ++c) y[n * C + c] = weight[c] * residual[n * C + c] * rstd;
    if (rstds != nullptr) rstds->push_back(rstd);
  }
  return y;
}

class RmsNormTest : public OpsTest {
 protected:
  struct Forward {
    Array y, residual, rstd;
  };
  Forward forward(const RmsNormCase& c) {
    Forward f{Array::zeros({c.N, c.C}, c.dtype), Array::zeros({c.N, c.C}, c.dtype), Array::zeros({c.N}, DType::f32)};
    RmsNormForward args{.y = f.y, .rstd = f.rstd, .x = c.x, .dropout = c.with.dropout, .weight = c.weight};
    if (c.branch) {
      args.residual = f.residual;
      args.branch = c.branch_array;
    }
    run(args);
    return f;
  }

  struct Backward {
    Array dx, dbranch, dweight;
  };
  Backward backward(const RmsNormCase& c, const Forward& f, bool other) {
    Backward b{Array::zeros({c.N, c.C}, c.dtype), Array::zeros({c.N, c.C}, c.dtype),
               Array::filled({c.C}, DType::f32, 0.5)};
    RmsNormBackward args{.dx = b.dx,
                         .dweight = b.dweight,
                         .dy = c.dy,
                         .residual = c.branch ? f.residual : c.x,
                         .rstd = f.rstd,
                         .weight = c.weight,
                         .dropout = c.with.dropout};
    if (c.branch && c.p > 0) args.dbranch = b.dbranch;
    if (other) args.dresidual_out = c.dother;
    run_with_scratch(args);
    return b;
  }

  void expect_forward(const RmsNormCase& c, double tolerance) {
    const Forward f = forward(c);
    const Values residual = c.residual_f64(c.x.values(), c.branch_array.values());
    if (c.branch) expect_near(f.residual.values(), residual, tolerance, "residual");
    Values rstd;  // of the rounded residual, which is what is normalised
    const Values y = rms_norm_f64(c.branch ? f.residual.values() : c.x.values(), c.weight.values(), 1e-5, &rstd);
    expect_near(f.y.values(), y, tolerance, "y");
    expect_near(f.rstd.values(), rstd, 2e-5, "rstd");
  }

  void expect_backward(const RmsNormCase& c, bool other, double tolerance);
};

// loss = sum(dy * y) + sum(dother * residual)
void RmsNormTest::expect_backward(const RmsNormCase& c, bool other, double tolerance) {
  const Forward f = forward(c);
  const Backward b = backward(c, f, other);
  const Values x = c.x.values(), branch = c.branch_array.values(), weight = c.weight.values();
  const auto loss = [&](const Values& x_, const Values& branch_, const Values& weight_) {
    const Values residual = c.residual_f64(x_, branch_);
    return dot(c.dy.values(), rms_norm_f64(residual, weight_, 1e-5)) + (other ? dot(c.dother.values(), residual) : 0.0);
  };
  const auto some = spread_positions(c.N * c.C, 60), channels = spread_positions(c.C, 40);
  expect_near_at(b.dx.values(), some,
                 numeric_gradient([&](const Values& v) { return loss(v, branch, weight); }, x, some), tolerance, "dx");
  if (c.branch && c.p > 0)
    expect_near_at(b.dbranch.values(), some,
                   numeric_gradient([&](const Values& v) { return loss(x, v, weight); }, branch, some), tolerance,
                   "dbranch");
  Values dweight = numeric_gradient([&](const Values& v) { return loss(x, branch, v); }, weight, channels);
  for (double& value : dweight) value += 0.5;  // they are added to what was there
  expect_near_at(b.dweight.values(), channels, dweight, tolerance, "dweight");
}

TEST_F(RmsNormTest, ForwardMatchesFloat64) {
  for (const auto& [dtype, tolerance] : kPrecisions)
    for (const int64_t C : {1, 5, 16, 31, 64, 100, 384, 1601})
      for (const bool branch : {false, true})
        for (const float p : {0.0f, 0.25f}) expect_forward(RmsNormCase(7, C, dtype, branch, p), tolerance);
}

TEST_F(RmsNormTest, GradientsMatchFiniteDifferences) {
  for (const auto& [dtype, tolerance] : kPrecisions)
    for (const int64_t C : {2, 16, 31, 100})
      for (const bool branch : {false, true})
        for (const float p : {0.0f, 0.25f}) {
          if (!branch && p > 0) continue;
          // A bf16 residual was rounded, and every gradient with it.
          const double allowed = dtype == DType::bf16 ? (C == 2 ? 0.5 : 0.05) : C == 2 ? 1e-3 : 1e-4;
          expect_backward(RmsNormCase(9, C, dtype, branch, p), branch, allowed);
        }
}

TEST_F(RmsNormTest, GradientOfManyRows) { expect_backward(RmsNormCase(700, 17, DType::f32, true, 0.1f), true, 2e-4); }

TEST_F(RmsNormTest, RowsOfEveryLength) {  // held by a warp, held by a block, and too long to be held
  for (const auto& [dtype, tolerance] : kPrecisions)
    for (const int64_t C : {256, 768, 1024, 1030, 4096, 5000, 5001}) {
      const RmsNormCase c(3, C, dtype, true, 0.25f);
      expect_forward(c, tolerance);
      expect_backward(c, true, dtype == DType::bf16 ? 0.05 : 1e-4);
    }
}

TEST_F(RmsNormTest, HugeRowsAreScaledToOne) { expect_forward(RmsNormCase(5, 200, DType::f32, false, 0, 1e6), 2e-5); }

TEST_F(RmsNormTest, ZeroRowsGiveZero) {  // eps keeps rstd finite
  const Array x = Array::zeros({3, 40}, DType::f32), weight = random_array({40}, DType::f32, 1), y = x;
  const Array rstd = Array::zeros({3}, DType::f32);
  run(RmsNormForward{.y = y, .rstd = rstd, .x = x, .weight = weight, .eps = 0.0625f});
  EXPECT_EQ(y.values(), Values(120, 0.0));
  EXPECT_EQ(rstd.values(), Values(3, 4.0));
}

TEST_F(RmsNormTest, GradientMayTakeTheMemoryOfTheOneItAddsTo) {
  const RmsNormCase c(20, 33, DType::f32, true, 0);
  const Forward f = forward(c);
  const Backward apart = backward(c, f, true);
  const Array together = c.dother, dweight = Array::zeros({c.C}, DType::f32);
  run_with_scratch(RmsNormBackward{.dx = together,
                                   .dweight = dweight,
                                   .dy = c.dy,
                                   .dresidual_out = together,
                                   .residual = f.residual,
                                   .rstd = f.rstd,
                                   .weight = c.weight});
  EXPECT_EQ(together.bits(), apart.dx.bits());
}

TEST_F(RmsNormTest, NoRowsIsNoWork) {
  const RmsNormCase c(0, 8, DType::f32, true, 0.1f);
  const Forward f = forward(c);
  EXPECT_EQ(backward(c, f, true).dweight.values(), Values(8, 0.5));
}

TEST_F(RmsNormTest, SameBitsForAnyThreads) {
  for (const auto& [dtype, tolerance] : kPrecisions)
    expect_same_bits_for_any_threads([&, type = dtype] {
      const RmsNormCase c(1000, 100, type, true, 0.1f);
      const Forward f = forward(c);
      const Backward b = backward(c, f, true);
      return Bits{f.y.bits(), f.rstd.bits(), b.dx.bits(), b.dbranch.bits(), b.dweight.bits()};
    });
}

}  // namespace
}  // namespace convoy::test
