// A model of small layers beside PyTorch: tests/reference/small_layers.py made the numbers, in float64. Values with
// several readers, shared memory of other shapes, whole numbers beside real ones.
#include <gtest/gtest.h>

#include <cmath>

#include "core/models/layers_family.h"
#include "core/parameters/initialise.h"
#include "core/train/model.h"
#include "launcher/config/load_config.h"
#include "tests/support/reference_file.h"
#include "tests/support/test_device.h"

namespace convoy {
namespace {

constexpr const char* kConfig = R"(
model:
  family: layers
  layers:
    - linear: {units: 16, activation: tanh, name: stem}
    - layer_norm: {name: norm}
    - linear: {units: 16, activation: gelu, name: a}
    - add: {from: [., stem], name: y_}
    - reshape: {shape: [2, -1, 4], name: square}
    - rms_norm: {name: rms}
    - linear: {units: 4, activation: silu, bias: false, name: b}
    - softmax: {from: square, name: soft}
    - multiply: {from: [b, soft]}
    - flatten: {name: z}
    - embedding: {units: 5, from: ids, name: table}
    - flatten: {name: flat}
    - multiply: {from: [stem, y_]}
    - elu: {name: e}
    - concat: {from: [z, flat, e]}
    - linear: {units: classes, name: top}
loss: {name: cross_entropy, label_smoothing: 0.1}
batch: {micro: 1}
)";
constexpr int64_t kBatch = 10;

class LayersReference : public testing::Test {
 protected:
  void make(DType dtype, bool recompute = false) {
    Config config = parse_config(kConfig, "layers.yaml", {}, Config());
    const ModelData data{.name = "d",
                         .fields = {{"x", DType::f32, {12}}, {"ids", DType::i32, {2}}, {"y", DType::i32, {}}},
                         .classes = {{"ids", 6}, {"y", 3}}};
    config.model.family->settle(data, *config.loss.kind);
    model_ = std::make_unique<Model>(
        device_, stream_, config.model.family->loss_graph({.B = kBatch, .dtype = dtype, .loss = *config.loss.kind}),
        ModelOptions{.dtype = dtype, .recompute_blocks = recompute, .states = {}});
    std::vector<float> values(static_cast<size_t>(model_->layout().padded_elements()));
    for (const Parameter& p : model_->layout().parameters()) {
      const std::vector<float> stored = file_.floats("model/weights/" + p.spec.name);
      ASSERT_EQ(static_cast<int64_t>(stored.size()), p.elements()) << p.spec.name;
      std::copy(stored.begin(), stored.end(), values.begin() + p.offset);
    }
    set_weights(model_->parameters(), device_, stream_, values);
  }

  template <class Number>
  void put(const char* name, const std::vector<Number>& values) {
    stream_.copy(model_->training().input(name).data, values.data(), values.size() * sizeof(Number));
    stream_.synchronize();
  }

  // Mean loss; gradients of it in the flat storage.
  double forward_backward() {
    put("x", file_.floats("model/x"));
    put("ids", file_.integers("model/ids"));
    put("y", file_.integers("model/target"));
    ParameterStorage& parameters = model_->parameters();
    stream_.zero(parameters.gradients().data, parameters.gradients().bytes());
    Pass pass{.ops = device_.ops(), .stream = stream_, .training = true};
    pass.loss_scale = 1.0f / static_cast<float>(kBatch);
    model_->training().run(pass);
    double sum = 0;
    for (const float loss : test::read<float>(model_->training().result())) sum += static_cast<double>(loss);
    return sum / static_cast<double>(kBatch);
  }

  // Of each parameter: norm of the difference over norm of the gradient.
  void expect_gradients(double tolerance) {
    for (int i = 0; i < static_cast<int>(model_->layout().parameters().size()); ++i) {
      const Parameter& p = model_->layout().parameters()[static_cast<size_t>(i)];
      const std::vector<float> expected = file_.floats("model/gradients/" + p.spec.name);
      const std::vector<float> actual = test::read<float>(model_->parameters().gradient(i));
      double difference = 0, norm = 0;
      for (size_t e = 0; e < expected.size(); ++e) {
        difference += std::pow(static_cast<double>(actual[e]) - static_cast<double>(expected[e]), 2);
        norm += std::pow(static_cast<double>(expected[e]), 2);
      }
      EXPECT_LE(std::sqrt(difference / norm), tolerance) << p.spec.name;
    }
  }

  test::ReferenceFile file_{test::reference_path("small_layers.h5")};
  Device& device_ = test::test_device();
  Stream& stream_ = test::test_stream();
  std::unique_ptr<Model> model_;
};

TEST_F(LayersReference, LossAndEveryGradientMatchInF32) {
  make(DType::f32);
  EXPECT_EQ(model_->layout().parameters().size(), 11u);
  const double expected = file_.doubles("model/loss")[0];
  EXPECT_NEAR(forward_backward(), expected, 1e-5 * expected);
  expect_gradients(1e-5);
}

TEST_F(LayersReference, LossAndEveryGradientMatchInBf16) {
  make(DType::bf16);
  const double expected = file_.doubles("model/loss")[0];
  EXPECT_NEAR(forward_backward(), expected, 1e-2 * expected);
  expect_gradients(2e-2);  // some values pass a dozen roundings
}

TEST_F(LayersReference, RecomputationChangesNoBit) {
  for (const DType dtype : {DType::f32, DType::bf16}) {
    make(dtype);
    forward_backward();
    const auto kept = test::read<std::byte>(model_->parameters().gradients());
    make(dtype, true);
    forward_backward();
    EXPECT_TRUE(test::read<std::byte>(model_->parameters().gradients()) == kept);
  }
}

}  // namespace
}  // namespace convoy
