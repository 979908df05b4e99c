#include "core/layers/convolution.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/base/error.h"
#include "tests/kernels/convolution_case.h"
#include "tests/support/check_layer.h"

namespace convoy::test {
namespace {

using Options = convoy::ConvolutionOptions;

void check(const Options& options, const Shape& x, const ConvolutionShape& shape) {
  const Convolution layer(options);
  const PlainConvolution plain{shape};
  check_layer({.layer = layer,
               .inputs = std::vector<TensorSpec>{{DType::f32, x}},
               .reference = [&](const auto& inputs, const auto& weights, bool) {
                 Values y = plain.forward(inputs[0], weights[0], options.has_bias ? weights[1] : Values());
                 for (double& value : y)
                   if (options.relu) value = std::max(value, 0.0);
                 return std::vector<Values>{y};
               }});
}

TEST(ConvolutionLayer, MatchesItsReference) {
  check({.name = "conv", .Cin = 3, .Cout = 5, .window = {.h = 3, .w = 2}}, {2, 5, 4, 3},
        {.B = 2, .H = 5, .W = 4, .Cin = 3, .Hout = 3, .Wout = 3, .Cout = 5, .kernel_h = 3, .kernel_w = 2});
  check({.name = "conv",
         .Cin = 1,
         .Cout = 16,
         .window = {.h = 3, .w = 3, .padding = {Padding::Kind::same}},
         .relu = true},
        {2, 6, 7, 1},
        {.B = 2,
         .H = 6,
         .W = 7,
         .Cin = 1,
         .Hout = 6,
         .Wout = 7,
         .Cout = 16,
         .kernel_h = 3,
         .kernel_w = 3,
         .top = 1,
         .left = 1});
  check({.name = "conv",
         .Cin = 8,
         .Cout = 8,
         .window = {.h = 3, .w = 3, .stride_h = 2, .stride_w = 2, .padding = {Padding::Kind::number, 1, 2}},
         .groups = 2,
         .has_bias = false},
        {1, 7, 6, 8},
        {.B = 1,
         .H = 7,
         .W = 6,
         .Cin = 8,
         .Hout = 4,
         .Wout = 4,
         .Cout = 8,
         .kernel_h = 3,
         .kernel_w = 3,
         .stride_h = 2,
         .stride_w = 2,
         .top = 1,
         .left = 2,
         .groups = 2});
  check({.name = "conv",
         .Cin = 6,
         .Cout = 6,
         .window = {.h = 3, .w = 3, .dilation_h = 2, .dilation_w = 1, .padding = {Padding::Kind::same}},
         .groups = 6},
        {1, 6, 5, 6},
        {.B = 1,
         .H = 6,
         .W = 5,
         .Cin = 6,
         .Hout = 6,
         .Wout = 5,
         .Cout = 6,
         .kernel_h = 3,
         .kernel_w = 3,
         .dilation_h = 2,
         .top = 2,
         .left = 1,
         .groups = 6});
}

// As Keras has it: ceil(extent / stride) results, and the greater part of the padding behind.
TEST(ConvolutionLayer, SameKeepsTheSizeOverTheStride) {
  check({.name = "conv",
         .Cin = 2,
         .Cout = 3,
         .window = {.h = 3, .w = 2, .stride_h = 2, .stride_w = 1, .padding = {Padding::Kind::same}}},
        {1, 6, 5, 2},
        {.B = 1,
         .H = 6,
         .W = 5,
         .Cin = 2,
         .Hout = 3,
         .Wout = 5,
         .Cout = 3,
         .kernel_h = 3,
         .kernel_w = 2,
         .stride_h = 2,
         .top = 0,
         .left = 0});
}

TEST(ConvolutionLayer, OfSequences) {
  check({.name = "conv",
         .is_sequence = true,
         .Cin = 3,
         .Cout = 4,
         .window = {.w = 3, .dilation_w = 2, .padding = {Padding::Kind::causal}}},
        {2, 9, 3},
        {.B = 2, .H = 1, .W = 9, .Cin = 3, .Hout = 1, .Wout = 9, .Cout = 4, .kernel_w = 3, .dilation_w = 2, .left = 4});
  check({.name = "conv", .is_sequence = true, .Cin = 2, .Cout = 2, .window = {.w = 4, .stride_w = 3}, .relu = true},
        {2, 11, 2}, {.B = 2, .H = 1, .W = 11, .Cin = 2, .Hout = 1, .Wout = 3, .Cout = 2, .kernel_w = 4, .stride_w = 3});
}

std::string error_of(const Options& options, const Shape& x) {
  try {
    Convolution(options).plan(std::vector<TensorSpec>{{DType::f32, x}}, Purpose::training);
    return "accepted";
  } catch (const ConfigError& error) {
    return error.what();
  }
}

TEST(ConvolutionLayer, SaysWhatWouldFit) {
  EXPECT_EQ(
      error_of({.name = "stem", .Cin = 3, .Cout = 4, .window = {.h = 5, .w = 5}}, {8, 4, 9, 3}),
      "layer stem: its window reaches over 5 x 5 pixels, its input has shape (8, 4, 9, 3); take a window of at most "
      "4 x 9, or padding: same");
  EXPECT_NE(error_of({.name = "stem", .Cin = 3, .Cout = 4}, {8, 9, 3}).find("has shape (8, 9, 3)"), std::string::npos);
  EXPECT_NE(error_of({.name = "stem", .Cin = 3, .Cout = 4}, {8, 4, 4, 2}).find("wanted 3 channels"), std::string::npos);
  EXPECT_EQ(
      error_of({.name = "stem", .Cin = 6, .Cout = 4, .groups = 3}, {8, 4, 4, 6}),
      "layer stem: 3 groups of 6 channels of (8, 4, 4, 6) to 4 channels; the number of groups must divide both, as 2 "
      "does");
}

TEST(ConvolutionLayer, WeightsAreShapedAsPyTorchs) {
  const LayerPlan plan = Convolution({.name = "c", .Cin = 6, .Cout = 4, .window = {.h = 3, .w = 5}, .groups = 2})
                             .plan(std::vector<TensorSpec>{{DType::f32, {1, 8, 8, 6}}}, Purpose::training);
  EXPECT_EQ(plan.parameters[0].shape, (Shape{4, 3, 3, 5}));
  EXPECT_EQ(plan.forward_flops, 2.0 * 6 * 4 * 4 * 3 * 3 * 5);
}

}  // namespace
}  // namespace convoy::test
