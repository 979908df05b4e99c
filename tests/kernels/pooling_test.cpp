#include "core/ops/pooling.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "core/base/error.h"
#include "tests/kernels/support/ops_test.h"

namespace convoy::test {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

class PoolingTest : public OpsTest {};

std::vector<PoolShape> pools(DType dtype) {
  std::vector<PoolShape> all{
      {.B = 2,
       .H = 8,
       .W = 6,
       .C = 5,
       .Hout = 4,
       .Wout = 3,
       .window_h = 2,
       .window_w = 2,
       .stride_h = 2,
       .stride_w = 2},
      {.B = 3,
       .H = 9,
       .W = 7,
       .C = 33,
       .Hout = 4,
       .Wout = 3,
       .window_h = 3,
       .window_w = 3,
       .stride_h = 2,
       .stride_w = 2},
      {.B = 1,
       .H = 7,
       .W = 7,
       .C = 16,
       .Hout = 4,
       .Wout = 4,
       .window_h = 3,
       .window_w = 3,
       .stride_h = 2,
       .stride_w = 2,
       .top = 1,
       .left = 1},
      {.B = 2, .H = 5, .W = 6, .C = 3, .Hout = 5, .Wout = 6, .window_h = 3, .window_w = 2, .top = 1, .left = 0},
      {.B = 2,
       .H = 6,
       .W = 7,
       .C = 24,
       .Hout = 2,
       .Wout = 2,
       .window_h = 2,
       .window_w = 1,
       .stride_h = 4,
       .stride_w = 5},
      {.B = 2, .H = 1, .W = 300, .C = 19, .Hout = 1, .Wout = 1, .window_h = 1, .window_w = 300, .stride_w = 300},
      {.B = 2,
       .H = 7,
       .W = 7,
       .C = 40,
       .Hout = 1,
       .Wout = 1,
       .window_h = 7,
       .window_w = 7,
       .stride_h = 7,
       .stride_w = 7},
  };
  for (PoolShape& s : all) s.dtype = dtype;
  return all;
}

std::string describe(const PoolShape& s) {
  return fmt::format("{} x {} x {} x {} to {} x {}, window {} x {}", s.B, s.H, s.W, s.C, s.Hout, s.Wout, s.window_h,
                     s.window_w);
}

// body(position in y, positions in x of its window).
template <class Body>
void for_windows(const PoolShape& s, const Body& body) {
  for (int64_t b = 0; b < s.B; ++b)
    for (int64_t i = 0; i < s.Hout; ++i)
      for (int64_t j = 0; j < s.Wout; ++j)
        for (int64_t c = 0; c < s.C; ++c) {
          std::vector<size_t> window;
          for (int64_t p = 0; p < s.window_h; ++p)
            for (int64_t q = 0; q < s.window_w; ++q) {
              const int64_t h = i * s.stride_h - s.top + p, w = j * s.stride_w - s.left + q;
              if (h >= 0 && h < s.H && w >= 0 && w < s.W)
                window.push_back(static_cast<size_t>(((b * s.H + h) * s.W + w) * s.C + c));
            }
          body(static_cast<size_t>(((b * s.Hout + i) * s.Wout + j) * s.C + c), window);
        }
}

struct Wanted {
  Values y, dx;
};

Wanted wanted_max(const PoolShape& s, const Values& x, const Values& dy) {
  Wanted wanted{Values(dy.size()), Values(x.size())};
  for_windows(s, [&](size_t to, const std::vector<size_t>& window) {
    size_t best = window[0];
    for (const size_t at : window)
      if (!std::isnan(x[best]) && (x[at] > x[best] || std::isnan(x[at]))) best = at;
    wanted.y[to] = x[best];
    wanted.dx[best] += dy[to];
  });
  return wanted;
}

Wanted wanted_average(const PoolShape& s, const Values& x, const Values& dy) {
  Wanted wanted{Values(dy.size()), Values(x.size())};
  for_windows(s, [&](size_t to, const std::vector<size_t>& window) {
    const auto count = static_cast<double>(window.size());
    for (const size_t at : window) {
      wanted.y[to] += x[at] / count;
      wanted.dx[at] += dy[to] / count;
    }
  });
  return wanted;
}

TEST_F(PoolingTest, MatchesFloat64) {
  for (const auto& [dtype, tolerance] : kPrecisions)
    for (const PoolShape& s : pools(dtype)) {
      SCOPED_TRACE(describe(s));
      const Array x = random_array(s.of_x(), dtype, 1), dy = random_array(s.of_y(), dtype, 2);
      const Array y = Array::filled(s.of_y(), dtype, kNaN), dx = Array::filled(s.of_x(), dtype, kNaN);
      const Array places = Array::filled(s.of_y(), s.place_dtype(), 255);
      run(MaxPoolForward{s, y, places, x});
      run(MaxPoolBackward{s, dx, dy, places});
      const Wanted largest = wanted_max(s, x.values(), dy.values());
      EXPECT_EQ(y.values(), largest.y);
      expect_near(dx.values(), largest.dx, tolerance, "dx of the largest");
      run(AveragePoolForward{s, y, x});
      run(AveragePoolBackward{s, dx, dy});
      const Wanted mean = wanted_average(s, x.values(), dy.values());
      expect_near(y.values(), mean.y, tolerance, "means");
      expect_near(dx.values(), mean.dx, tolerance, "dx of means");
    }
}

// Few different values, so that many windows have several largest.
TEST_F(PoolingTest, TheFirstOfSeveralLargestCounts) {
  for (const PoolShape& s : pools(DType::f32)) {
    SCOPED_TRACE(describe(s));
    Values x = random_values(s.of_x().elements(), 1);
    for (double& value : x) value = std::round(value);
    const Array dy = random_array(s.of_y(), DType::f32, 2), pictures(s.of_x(), DType::f32, x);
    const Array y = Array::zeros(s.of_y(), DType::f32), dx = Array::zeros(s.of_x(), DType::f32);
    const Array places = Array::zeros(s.of_y(), s.place_dtype());
    run(MaxPoolForward{s, y, places, pictures});
    run(MaxPoolBackward{s, dx, dy, places});
    const Wanted wanted = wanted_max(s, x, dy.values());
    EXPECT_EQ(y.values(), wanted.y);
    expect_near(dx.values(), wanted.dx, 1e-6, "dx");
  }
}

TEST_F(PoolingTest, ANaNIsTheLargest) {
  const PoolShape s = pools(DType::f32)[1];
  Values x = random_values(s.of_x().elements(), 1);
  for (size_t i = 0; i < x.size(); i += 7) x[i] = kNaN;
  const Array dy = random_array(s.of_y(), DType::f32, 2), pictures(s.of_x(), DType::f32, x);
  const Array y = Array::zeros(s.of_y(), DType::f32), dx = Array::zeros(s.of_x(), DType::f32);
  const Array places = Array::zeros(s.of_y(), s.place_dtype());
  run(MaxPoolForward{s, y, places, pictures});
  run(MaxPoolBackward{s, dx, dy, places});
  const Wanted wanted = wanted_max(s, x, dy.values());
  expect_near(y.values(), wanted.y, 0, "y");
  expect_near(dx.values(), wanted.dx, 1e-6, "dx");
}

TEST_F(PoolingTest, PlacesNeedNotBeKept) {
  const PoolShape s = pools(DType::f32)[0];
  const Array x = random_array(s.of_x(), DType::f32, 1), with = Array::zeros(s.of_y(), DType::f32);
  const Array without = with, places = Array::zeros(s.of_y(), s.place_dtype());
  run(MaxPoolForward{s, with, places, x});
  run(MaxPoolForward{s, without, {}, x});
  EXPECT_EQ(with.bits(), without.bits());
}

TEST_F(PoolingTest, BitsDoNotDependOnThreads) {
  for (const PoolShape& s : pools(DType::bf16))
    expect_same_bits_for_any_threads([&] {
      const Array x = random_array(s.of_x(), s.dtype, 1), dy = random_array(s.of_y(), s.dtype, 2);
      const Array largest = Array::zeros(s.of_y(), s.dtype), mean = largest;
      const Array places = Array::zeros(s.of_y(), s.place_dtype());
      const Array dlargest = Array::zeros(s.of_x(), s.dtype), dmean = dlargest;
      run(MaxPoolForward{s, largest, places, x});
      run(MaxPoolBackward{s, dlargest, dy, places});
      run(AveragePoolForward{s, mean, x});
      run(AveragePoolBackward{s, dmean, dy});
      return Bits{largest.bits(), places.bits(), dlargest.bits(), mean.bits(), dmean.bits()};
    });
}

TEST_F(PoolingTest, RefusesWindowsOutsideOfThePicture) {
  PoolShape s = pools(DType::f32)[0];
  s.Hout = 5;
  const Array x = Array::zeros(s.of_x(), DType::f32), y = Array::zeros(s.of_y(), DType::f32);
  EXPECT_THROW(run(AveragePoolForward{s, y, x}), InternalError);
}

}  // namespace
}  // namespace convoy::test
