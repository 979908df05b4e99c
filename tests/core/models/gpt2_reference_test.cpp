// A small GPT-2 beside PyTorch: tests/reference/gpt2.py made the numbers, in float64.
#include <gtest/gtest.h>

#include <cmath>

#include "comm/local/local_communicator.h"
#include "core/models/gpt2.h"
#include "core/ops/ops.h"
#include "core/optimizer/makers.h"
#include "core/optimizer/optimizer_step.h"
#include "core/parameters/initialise.h"
#include "core/train/model.h"
#include "tests/support/reference_file.h"
#include "tests/support/test_device.h"

namespace convoy {
namespace {

class Gpt2Reference : public testing::Test {
 protected:
  Gpt2Config config(DType dtype) const {
    const auto number = [&](const char* name) { return static_cast<int64_t>(file_.attribute(name)); };
    return {number("layers"), number("heads"), number("channels"), number("context"), number("vocabulary"), 0, dtype};
  }

  void make(DType dtype, bool recompute = false) {
    const Gpt2Config c = config(dtype);
    B_ = static_cast<int64_t>(file_.attribute("batch"));
    T_ = c.context;
    model_ = std::make_unique<Model>(device_, stream_, gpt2_loss_graph(c, B_, T_),
                                     ModelOptions{.dtype = dtype, .recompute_blocks = recompute, .states = {"m", "v"}});
    std::vector<float> values(static_cast<size_t>(model_->layout().padded_elements()));
    for (const Parameter& p : model_->layout().parameters()) {
      const std::vector<float> stored = file_.floats("weights/" + p.spec.name);
      ASSERT_EQ(static_cast<int64_t>(stored.size()), p.elements()) << p.spec.name;
      std::copy(stored.begin(), stored.end(), values.begin() + p.offset);
    }
    set_weights(model_->parameters(), device_, stream_, values);
  }

  // Mean loss of a batch; gradients of it in the flat storage.
  double forward_backward(int64_t batch) {
    const int64_t N = B_ * T_;
    for (const char* name : {"tokens", "targets"}) {
      const std::vector<int32_t> all = file_.integers(name);
      stream_.copy(model_->training().input(name).data, all.data() + batch * N, static_cast<size_t>(N) * 4);
    }
    ParameterStorage& parameters = model_->parameters();
    stream_.zero(parameters.gradients().data, parameters.gradients().bytes());
    Pass pass{.ops = device_.ops(), .stream = stream_, .training = true};
    pass.loss_scale = 1.0f / static_cast<float>(N);
    model_->training().run(pass);
    double sum = 0;
    for (const float loss : test::read<float>(model_->training().result())) sum += static_cast<double>(loss);
    return sum / static_cast<double>(N);
  }

  // Of each parameter: norm of the difference over norm of the gradient.
  void expect_gradients(double tolerance) {
    for (int i = 0; i < static_cast<int>(model_->layout().parameters().size()); ++i) {
      const Parameter& p = model_->layout().parameters()[static_cast<size_t>(i)];
      const std::vector<float> expected = file_.floats("gradients/" + p.spec.name);
      const std::vector<float> actual = test::read<float>(model_->parameters().gradient(i));
      double difference = 0, norm = 0;
      for (size_t e = 0; e < expected.size(); ++e) {
        difference += std::pow(static_cast<double>(actual[e]) - static_cast<double>(expected[e]), 2);
        norm += std::pow(static_cast<double>(expected[e]), 2);
      }
      EXPECT_LE(std::sqrt(difference / norm), tolerance) << p.spec.name;
    }
  }

  test::ReferenceFile file_{test::reference_path("gpt2.h5")};
  Device& device_ = test::test_device();
  Stream& stream_ = test::test_stream();
  std::unique_ptr<Model> model_;
  int64_t B_ = 0, T_ = 0;
};

TEST_F(Gpt2Reference, LossAndEveryGradientMatchInF32) {
  make(DType::f32);
  const double expected = file_.doubles("loss")[0];
  EXPECT_NEAR(forward_backward(0), expected, 1e-5 * expected);
  expect_gradients(1e-5);
}

TEST_F(Gpt2Reference, LossAndEveryGradientMatchInBf16) {
  make(DType::bf16);
  const double expected = file_.doubles("loss")[0];
  EXPECT_NEAR(forward_backward(0), expected, 1e-2 * expected);
  expect_gradients(1e-2);
}

TEST_F(Gpt2Reference, RecomputationChangesNoBit) {
  for (const DType dtype : {DType::f32, DType::bf16}) {
    make(dtype);
    forward_backward(0);
    const auto kept = test::read<std::byte>(model_->parameters().gradients());
    make(dtype, true);
    forward_backward(0);
    EXPECT_TRUE(test::read<std::byte>(model_->parameters().gradients()) == kept);
  }
}

TEST_F(Gpt2Reference, FiftyStepsFollowPyTorch) {
  make(DType::f32);
  AdamWMaker adamw;
  adamw.weight_decay = file_.attribute("weight_decay");
  const std::unique_ptr<Optimizer> rule = adamw.make();
  const auto alone = make_local_communicator();
  const auto unused = device_.make_stream(StreamKind::communication);
  Communication communication(device_, stream_, *unused, *alone);
  OptimizerStep optimizer(communication, {{model_->parameters()}}, *rule, {.clip_norm = file_.attribute("clip")});
  const std::vector<double> expected = file_.doubles("losses");
  const auto batches = static_cast<int64_t>(file_.attribute("batches"));
  ASSERT_EQ(expected.size(), 50u);
  for (int64_t step = 0; step < static_cast<int64_t>(expected.size()); ++step) {
    EXPECT_NEAR(forward_backward(step % batches), expected[static_cast<size_t>(step)], 1e-4) << "step " << step;
    optimizer.step(step + 1, file_.attribute("lr"), true);
    stream_.synchronize();
  }
}

}  // namespace
}  // namespace convoy
