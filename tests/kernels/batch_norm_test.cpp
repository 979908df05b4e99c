#include "core/ops/batch_norm.h"

#include <algorithm>
#include <cmath>

#include "tests/kernels/support/ops_test.h"

namespace convoy::test {
namespace {

constexpr double kBatchEps = 1e-4;

struct MomentsF64 {
  Values mean, variance;
};

MomentsF64 moments_f64(const Values& x, int64_t C) {
  const auto columns = static_cast<size_t>(C);
  const double rows = static_cast<double>(x.size() / columns);
  MomentsF64 m{Values(columns, 0.0), Values(columns, 0.0)};
  for (size_t i = 0; i < x.size(); ++i) m.mean[i % columns] += x[i] / rows;
  for (size_t i = 0; i < x.size(); ++i) m.variance[i % columns] += std::pow(x[i] - m.mean[i % columns], 2) / rows;
  return m;
}

Values batch_normalised_f64(const Values& x, const MomentsF64& m, const Values& weight, const Values& bias) {
  const size_t C = m.mean.size();
  Values y = x;
  for (size_t i = 0; i < y.size(); ++i)
    y[i] = (x[i] - m.mean[i % C]) / std::sqrt(m.variance[i % C] + kBatchEps) * (weight.empty() ? 1 : weight[i % C]) +
           (bias.empty() ? 0 : bias[i % C]);
  return y;
}

struct BatchCase {
  int64_t N, C;
  DType dtype;
  Array x, dy, weight, bias;

  BatchCase(int64_t rows, int64_t channels, DType type, double offset = 0.5)
      : N(rows),
        C(channels),
        dtype(type),
        dy(random_array({N, C}, type, 2)),
        weight(random_array({C}, type, 3)),
        bias(random_array({C}, type, 4)) {
    Values values = random_values(N * C, 1);
    for (size_t i = 0; i < values.size(); ++i)  // columns differ in mean and deviation
      values[i] = values[i] * (1 + static_cast<double>(i % static_cast<size_t>(C) % 3)) + offset;
    x = Array({N, C}, dtype, values);
  }
};

class BatchNormTest : public OpsTest {
 protected:
  struct Forward {
    Array mean, variance, y;
  };
  Forward forward(const BatchCase& c, bool affine = true) {
    Forward f{Array::filled({c.C}, DType::f32, 7), Array::filled({c.C}, DType::f32, 7),
              Array::filled({c.N, c.C}, c.dtype, 7)};
    run_with_scratch(ColumnMoments{f.mean, f.variance, c.x});
    ColumnNormalise args{
        .y = f.y, .x = c.x, .mean = f.mean, .spread = f.variance, .eps = static_cast<float>(kBatchEps)};
    if (affine) {
      args.weight = c.weight;
      args.bias = c.bias;
    }
    run_with_scratch(args);
    return f;
  }

  struct Backward {
    Array dx, dweight, dbias;
  };
  BatchNormBackward args_of(const BatchCase& c, const Forward& f, const Backward& b) {
    return {b.dx, b.dweight, b.dbias, c.dy, c.x, f.mean, f.variance, c.weight, static_cast<float>(kBatchEps)};
  }
  static Backward fresh(const BatchCase& c) {
    return {Array::filled({c.N, c.C}, c.dtype, 7), Array::filled({c.C}, DType::f32, 0.5),
            Array::filled({c.C}, DType::f32, -0.5)};
  }
  Backward backward(const BatchCase& c, const Forward& f) {
    Backward b = fresh(c);
    run_with_scratch(args_of(c, f, b));
    return b;
  }

  void expect_backward(const BatchCase& c, double tolerance) {
    const Backward b = backward(c, forward(c));
    const Values x = c.x.values(), weight = c.weight.values(), bias = c.bias.values(), dy = c.dy.values();
    const auto loss = [&](const Values& x_, const Values& weight_, const Values& bias_) {
      return dot(dy, batch_normalised_f64(x_, moments_f64(x_, c.C), weight_, bias_));
    };
    const auto some = spread_positions(c.N * c.C, 30), columns = spread_positions(c.C, 30);
    expect_near_at(b.dx.values(), some,
                   numeric_gradient([&](const Values& v) { return loss(v, weight, bias); }, x, some), tolerance, "dx");
    Values dweight = numeric_gradient([&](const Values& v) { return loss(x, v, bias); }, weight, columns);
    Values dbias = numeric_gradient([&](const Values& v) { return loss(x, weight, v); }, bias, columns);
    for (double& value : dweight) value += 0.5;  // they are added to what was there
    for (double& value : dbias) value -= 0.5;
    expect_near_at(b.dweight.values(), columns, dweight, tolerance, "dweight");
    expect_near_at(b.dbias.values(), columns, dbias, tolerance, "dbias");
  }
};

TEST_F(BatchNormTest, MomentsAndResultMatchFloat64) {
  for (const auto& [dtype, tolerance] : kPrecisions)
    for (const int64_t N : {1, 2, 64, 65, 700})
      for (const int64_t C : {1, 3, 16, 31, 100}) {
        SCOPED_TRACE(testing::Message() << N << " x " << C);
        const BatchCase c(N, C, dtype);
        const Forward f = forward(c);
        const MomentsF64 m = moments_f64(c.x.values(), C);
        expect_near(f.mean.values(), m.mean, 1e-6, "mean");
        expect_near(f.variance.values(), m.variance, 2e-6, "variance");
        if (N > 2)
          expect_near(f.y.values(), batch_normalised_f64(c.x.values(), m, c.weight.values(), c.bias.values()),
                      tolerance, "y");
        if (N > 2)
          expect_near(forward(c, false).y.values(), batch_normalised_f64(c.x.values(), m, {}, {}), tolerance,
                      "without affine");
      }
}

TEST_F(BatchNormTest, ManyRowsAndManyColumns) {
  for (const auto& [N, C] : {std::pair(20001, 5), std::pair(2000, 32), std::pair(5, 1500)}) {
    const BatchCase c(N, C, DType::f32);
    const Forward f = forward(c);
    const MomentsF64 m = moments_f64(c.x.values(), C);
    expect_near(f.mean.values(), m.mean, 1e-6, "mean");
    expect_near(f.variance.values(), m.variance, 4e-6, "variance");
  }
}

TEST_F(BatchNormTest, LargeMeanDoesNotSwallowTheVariance) {
  const BatchCase c(1500, 20, DType::f32, 4096);
  const Forward f = forward(c);
  const MomentsF64 m = moments_f64(c.x.values(), 20);
  expect_near(f.variance.values(), m.variance, 5e-5, "variance");  // means of blocks are f32: 0.0002 off at 4096
  expect_near(f.y.values(), batch_normalised_f64(c.x.values(), m, c.weight.values(), c.bias.values()), 2e-3, "y");
}

TEST_F(BatchNormTest, ConstantColumnsGiveTheBias) {
  const Array x = Array::filled({100, 7}, DType::f32, 3.25), mean = Array::zeros({7}, DType::f32), variance = mean;
  const Array weight = random_array({7}, DType::f32, 1), bias = random_array({7}, DType::f32, 2), y = x;
  run_with_scratch(ColumnMoments{mean, variance, x});
  EXPECT_EQ(mean.values(), Values(7, 3.25));
  EXPECT_EQ(variance.values(), Values(7, 0.0));
  run_with_scratch(
      ColumnNormalise{.y = y, .x = x, .mean = mean, .spread = variance, .weight = weight, .bias = bias, .eps = 1e-5f});
  const Values out = y.values(), b = bias.values();
  for (size_t i = 0; i < out.size(); ++i) EXPECT_EQ(out[i], b[i % 7]);
}

TEST_F(BatchNormTest, GradientsMatchFiniteDifferences) {
  for (const auto& [dtype, tolerance] : kPrecisions)
    for (const auto& [N, C] : {std::pair(9, 1), std::pair(7, 16), std::pair(70, 31), std::pair(130, 3)})
      expect_backward(BatchCase(N, C, dtype), dtype == DType::f32 ? 1e-4 : 0.03);
}

TEST_F(BatchNormTest, GradientOfManyRows) { expect_backward(BatchCase(1300, 12, DType::f32), 2e-4); }

TEST_F(BatchNormTest, GradientsMayBeAbsent) {
  const BatchCase c(100, 20, DType::f32);
  const Forward f = forward(c);
  const Backward all = backward(c, f);
  for (const int absent : {0, 1, 2}) {
    Backward b = fresh(c);
    BatchNormBackward args = args_of(c, f, b);
    (absent == 0 ? args.dx : absent == 1 ? args.dweight : args.dbias) = {};
    run_with_scratch(args);
    const Backward untouched = fresh(c);
    EXPECT_EQ(b.dx.bits(), (absent == 0 ? untouched : all).dx.bits());
    EXPECT_EQ(b.dweight.bits(), (absent == 1 ? untouched : all).dweight.bits());
    EXPECT_EQ(b.dbias.bits(), (absent == 2 ? untouched : all).dbias.bits());
  }
}

TEST_F(BatchNormTest, GradientMayTakeTheMemoryOfTheOutputs) {
  const BatchCase c(300, 20, DType::f32);
  const Forward f = forward(c);
  const Backward apart = backward(c, f);
  Backward b = fresh(c);
  b.dx = Array(c.dy);
  BatchNormBackward args = args_of(c, f, b);
  args.dy = b.dx;
  run_with_scratch(args);
  EXPECT_EQ(b.dx.bits(), apart.dx.bits());
}

TEST_F(BatchNormTest, ChangeOfAnAverageIsAdded) {
  const Array change = Array::filled({500}, DType::f32, 1), measured = random_array({500}, DType::f32, 1);
  const Array average = random_array({500}, DType::f32, 2);
  run(AverageChange{change, measured, average, 0.25f, 1.5f});
  Values expected;
  for (size_t i = 0; i < 500; ++i) expected.push_back(1 + 0.25 * (1.5 * measured.values()[i] - average.values()[i]));
  expect_near(change.values(), expected, 1e-6, "change");
}

TEST_F(BatchNormTest, SameBitsForAnyThreads) {
  for (const auto& [dtype, tolerance] : kPrecisions)
    expect_same_bits_for_any_threads([&, type = dtype] {
      const BatchCase c(1500, 34, type);
      const Forward f = forward(c);
      const Backward b = backward(c, f);
      return Bits{f.mean.bits(), f.variance.bits(), f.y.bits(), b.dx.bits(), b.dweight.bits(), b.dbias.bits()};
    });
}

}  // namespace
}  // namespace convoy::test
