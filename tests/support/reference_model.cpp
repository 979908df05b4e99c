#include "tests/support/reference_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/checkpoint/stored_weights.h"
#include "tests/support/test_device.h"

namespace convoy::test {

std::string reference_text(const ReferenceFile& file, const std::string& dataset) {
  std::string text;
  for (const int32_t byte : file.integers(dataset)) text += static_cast<char>(byte);
  return text;
}

std::vector<float> reference_weights(const ReferenceFile& file, const std::string& folder,
                                     const ParameterLayout& layout) {
  std::vector<float> all(static_cast<size_t>(layout.padded_elements()), 0.0f);
  for (const Parameter& p : layout.parameters()) {
    ParameterSpec spec = p.spec;
    spec.of_base = false;  // the file has all of them
    read_stored_weights(spec, all.data() + p.offset, [&](const std::string& name, const Tensor& out) {
      const std::vector<float> stored = file.floats(folder + "/weights/" + name);
      ASSERT_EQ(static_cast<int64_t>(stored.size()), out.elements()) << name;
      std::copy(stored.begin(), stored.end(), out.as<float>());
    });
  }
  return all;
}

static void expect_gradient(const std::vector<float>& expected, const NamedTensor& piece, double tolerance) {
  const Shape shape = piece.stored_shape();
  ASSERT_EQ(static_cast<int64_t>(expected.size()), shape.elements()) << piece.name;
  double difference = 0, norm = 0;
  for (int64_t e = 0; e < shape.elements(); ++e) {
    const int64_t at = piece.transposed ? e % shape[1] * shape[0] + e / shape[1] : e;
    const auto wanted = static_cast<double>(expected[static_cast<size_t>(e)]);
    difference += std::pow(static_cast<double>(piece.tensor.as<float>()[at]) - wanted, 2);
    norm += std::pow(wanted, 2);
  }
  EXPECT_LE(std::sqrt(difference / norm), tolerance) << piece.name;
}

int expect_reference_gradients(const ReferenceFile& file, const std::string& folder, const ParameterStorage& parameters,
                               double tolerance) {
  int count = 0;
  for (int i = 0; i < static_cast<int>(parameters.layout().parameters().size()); ++i) {
    const ParameterSpec& spec = parameters.layout().parameters()[static_cast<size_t>(i)].spec;
    std::vector<float> gradient = read<float>(parameters.gradient(i));
    for (const NamedTensor& piece : stored_weights(spec, {gradient.data(), DType::f32, spec.shape})) {
      expect_gradient(file.floats(folder + "/gradients/" + piece.name), piece, tolerance);
      ++count;
    }
  }
  return count;
}

}  // namespace convoy::test
