// Convolutions and pooling against PyTorch's float64 results: tests/reference/convolutions.h5, written by
// convolutions.py beside it.
#include <string>

#include "core/ops/convolution.h"
#include "core/ops/pooling.h"
#include "tests/kernels/support/ops_test.h"
#include "tests/support/reference_file.h"

namespace convoy::test {
namespace {

class ConvolutionsReferenceTest : public OpsTest, public ::testing::WithParamInterface<Precision> {
 protected:
  DType dtype() const { return GetParam().dtype; }
  int64_t number(const std::string& name) const { return static_cast<int64_t>(file_.attribute(name)); }
  Array input(const std::string& name, const Shape& shape) const { return Array(shape, dtype(), file_.doubles(name)); }
  Array zeros(const Shape& shape) const { return Array::zeros(shape, dtype()); }
  // Inputs are exact in both types.
  void expect_reference(const Array& actual, const std::string& name) const {
    expect_near(actual.values(), file_.doubles(name), GetParam().tolerance, name.c_str());
  }
  ConvolutionShape convolution(const std::string& name) const;
  PoolShape pool(const std::string& name) const;
  void expect_convolution(const std::string& name);
  void expect_pool(const std::string& name, bool largest);

  ReferenceFile file_{reference_path("convolutions.h5")};
};

ConvolutionShape ConvolutionsReferenceTest::convolution(const std::string& name) const {
  const auto get = [&](const char* what) { return number(name + "/" + what); };
  return {.B = get("B"),
          .H = get("H"),
          .W = get("W"),
          .Cin = get("Cin"),
          .Hout = get("Hout"),
          .Wout = get("Wout"),
          .Cout = get("Cout"),
          .kernel_h = get("kernel_h"),
          .kernel_w = get("kernel_w"),
          .stride_h = get("stride_h"),
          .stride_w = get("stride_w"),
          .dilation_h = get("dilation_h"),
          .dilation_w = get("dilation_w"),
          .top = get("top"),
          .left = get("left"),
          .groups = get("groups"),
          .dtype = dtype()};
}

PoolShape ConvolutionsReferenceTest::pool(const std::string& name) const {
  const auto get = [&](const char* what) { return number(name + "/" + what); };
  return {.B = get("B"),
          .H = get("H"),
          .W = get("W"),
          .C = get("C"),
          .Hout = get("Hout"),
          .Wout = get("Wout"),
          .window_h = get("window_h"),
          .window_w = get("window_w"),
          .stride_h = get("stride_h"),
          .stride_w = get("stride_w"),
          .top = get("top"),
          .left = get("left"),
          .dtype = dtype()};
}

void ConvolutionsReferenceTest::expect_convolution(const std::string& name) {
  SCOPED_TRACE(name);
  const ConvolutionShape s = convolution(name);
  const bool relu = number(name + "/relu") != 0;
  const Shape pictures = s.of_x(), results = s.of_y();
  const Shape kernel{s.Cout, s.group_inputs(), s.kernel_h, s.kernel_w};
  const Array x = input(name + "/x", pictures), weight = input(name + "/weight", kernel);
  const Array bias = input(name + "/bias", {s.Cout}), y = zeros(results), dx = zeros(pictures);
  const Array dweight = Array::zeros(kernel, DType::f32), dbias = Array::zeros({s.Cout}, DType::f32);
  run_with_scratch(ConvolutionForward{s, y, x, weight, bias, relu});
  expect_reference(y, name + "/y");
  Values gradient = file_.doubles(name + "/gradient");
  const Values wanted = file_.doubles(name + "/y");
  for (size_t i = 0; i < gradient.size(); ++i)
    if (relu && wanted[i] == 0) gradient[i] = 0;
  const Array dy(results, dtype(), gradient);
  run_with_scratch(ConvolutionBackwardInput{s, dx, dy, weight});
  run_with_scratch(ConvolutionBackwardWeight{s, dweight, dbias, x, dy});
  expect_reference(dx, name + "/dx");
  expect_reference(dweight, name + "/dweight");
  expect_reference(dbias, name + "/dbias");
}

void ConvolutionsReferenceTest::expect_pool(const std::string& name, bool largest) {
  SCOPED_TRACE(name);
  const PoolShape s = pool(name);
  const Shape pictures = s.of_x(), results = s.of_y();
  const Array x = input(name + "/x", pictures), dy = input(name + "/gradient", results);
  const Array y = zeros(results), dx = zeros(pictures), places = Array::zeros(results, s.place_dtype());
  if (largest) {
    run(MaxPoolForward{s, y, places, x});
    run(MaxPoolBackward{s, dx, dy, places});
  } else {
    run(AveragePoolForward{s, y, x});
    run(AveragePoolBackward{s, dx, dy});
  }
  expect_reference(y, name + "/y");
  expect_reference(dx, name + "/dx");
}

TEST_P(ConvolutionsReferenceTest, Convolutions) {
  for (const char* name : {"plain", "packs", "strided", "dilated", "strided_dilated", "grouped", "depthwise",
                           "depthwise_doubled", "pointwise", "sequence"})
    expect_convolution(name);
}

TEST_P(ConvolutionsReferenceTest, Pools) {
  for (const char* name : {"max", "max_overlapping"}) expect_pool(name, true);
  for (const char* name : {"average", "average_overlapping", "average_all"}) expect_pool(name, false);
}

INSTANTIATE_TEST_SUITE_P(DTypes, ConvolutionsReferenceTest,
                         ::testing::Values(Precision{DType::f32, 1e-5}, Precision{DType::bf16, 1e-2}),
                         [](const auto& test) { return std::string(name_of(test.param.dtype)); });

}  // namespace
}  // namespace convoy::test
