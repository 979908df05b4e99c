#include "core/layers/pooling.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "core/base/error.h"
#include "tests/support/check_layer.h"

namespace convoy::test {
namespace {

Values pool_f64(PoolKind kind, const PoolShape& s, const Values& x) {
  Values y;
  for (int64_t b = 0; b < s.B; ++b)
    for (int64_t i = 0; i < s.Hout; ++i)
      for (int64_t j = 0; j < s.Wout; ++j)
        for (int64_t c = 0; c < s.C; ++c) {
          double largest = -std::numeric_limits<double>::infinity(), sum = 0, count = 0;
          for (int64_t h = i * s.stride_h - s.top; h < i * s.stride_h - s.top + s.window_h; ++h)
            for (int64_t w = j * s.stride_w - s.left; w < j * s.stride_w - s.left + s.window_w; ++w) {
              if (h < 0 || h >= s.H || w < 0 || w >= s.W) continue;
              const double value = x[static_cast<size_t>(((b * s.H + h) * s.W + w) * s.C + c)];
              largest = std::max(largest, value);
              sum += value;
              ++count;
            }
          y.push_back(kind == PoolKind::max ? largest : sum / count);
        }
  return y;
}

void check(PoolOptions options, const Shape& x, const PoolShape& shape) {
  for (const PoolKind kind : {PoolKind::max, PoolKind::average}) {
    options.name = "pool";
    options.kind = kind;
    check_layer({.layer = Pool(options),
                 .inputs = std::vector<TensorSpec>{{DType::f32, x}},
                 .reference = [&](const auto& inputs, const auto&, bool) {
                   return std::vector<Values>{pool_f64(kind, shape, inputs[0])};
                 }});
  }
}

TEST(PoolLayer, MatchesItsReference) {
  check({.window = {.h = 2, .w = 2, .stride_h = 2, .stride_w = 2}}, {2, 5, 6, 3},
        {.B = 2,
         .H = 5,
         .W = 6,
         .C = 3,
         .Hout = 2,
         .Wout = 3,
         .window_h = 2,
         .window_w = 2,
         .stride_h = 2,
         .stride_w = 2});
  check(
      {.window = {.h = 3, .w = 3, .stride_h = 2, .stride_w = 1, .padding = {Padding::Kind::same}}}, {1, 6, 5, 17},
      {.B = 1, .H = 6, .W = 5, .C = 17, .Hout = 3, .Wout = 5, .window_h = 3, .window_w = 3, .stride_h = 2, .left = 1});
  check({.window = {.h = 3, .w = 2, .stride_h = 2, .stride_w = 2, .padding = {Padding::Kind::number, 1, 0}}},
        {2, 5, 4, 8},
        {.B = 2,
         .H = 5,
         .W = 4,
         .C = 8,
         .Hout = 3,
         .Wout = 2,
         .window_h = 3,
         .window_w = 2,
         .stride_h = 2,
         .stride_w = 2,
         .top = 1});
  check({.is_sequence = true, .window = {.w = 3, .stride_w = 3}}, {2, 10, 4},
        {.B = 2, .H = 1, .W = 10, .C = 4, .Hout = 1, .Wout = 3, .window_w = 3, .stride_w = 3});
}

TEST(PoolLayer, GlobalTakesPicturesAndSequences) {
  check({.global = true}, {2, 4, 3, 5},
        {.B = 2, .H = 4, .W = 3, .C = 5, .Hout = 1, .Wout = 1, .window_h = 4, .window_w = 3});
  check({.global = true}, {3, 7, 2}, {.B = 3, .H = 1, .W = 7, .C = 2, .Hout = 1, .Wout = 1, .window_w = 7});
}

std::string pool_error_of(const PoolOptions& options, const Shape& x) {
  try {
    Pool(options).plan(std::vector<TensorSpec>{{DType::f32, x}}, Purpose::training);
    return "accepted";
  } catch (const ConfigError& error) {
    return error.what();
  }
}

TEST(PoolLayer, SaysWhatWouldFit) {
  EXPECT_NE(pool_error_of({.name = "p", .window = {.h = 2, .w = 2}}, {8, 1, 1, 3}).find("a window of at most 1 x 1"),
            std::string::npos);
  EXPECT_NE(pool_error_of({.name = "p", .global = true}, {8, 3}).find("layer p: its input has shape (8, 3)"),
            std::string::npos);
  EXPECT_NE(
      pool_error_of({.name = "p", .window = {.h = 2, .w = 2, .padding = {Padding::Kind::number, 2, 2}}}, {8, 4, 4, 3})
          .find("pad by less than the window"),
      std::string::npos);
}

}  // namespace
}  // namespace convoy::test
