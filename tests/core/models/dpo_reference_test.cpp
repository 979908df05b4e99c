// Direct preference optimisation of small models, as TRL has it: tests/reference/dpo.py made the numbers.
#include <gtest/gtest.h>

#include <cmath>

#include "comm/local/local_communicator.h"
#include "core/models/gpt2_family.h"
#include "core/models/kinds.h"
#include "core/models/llama_family.h"
#include "core/models/losses.h"
#include "core/models/peer_config.h"
#include "core/models/preference.h"
#include "core/optimizer/makers.h"
#include "core/optimizer/optimizer_step.h"
#include "core/parameters/initialise.h"
#include "core/train/model.h"
#include "tests/support/reference_model.h"
#include "tests/support/test_device.h"

namespace convoy {
namespace {

class DpoReference : public testing::TestWithParam<const char*> {
 protected:
  std::string of(const std::string& dataset) const { return std::string(GetParam()) + "/" + dataset; }
  double number(const std::string& dataset) const { return file_.doubles(of(dataset))[0]; }

  void fill(ParameterStorage& storage) {
    set_weights(storage, device_, stream_, test::reference_weights(file_, GetParam(), storage.layout()));
  }

  void make(DType dtype, bool recompute = false) {
    FamilyChoice family = family_from_config_json(test::reference_text(file_, of("config")));
    if (auto* llama = family.as<LlamaFamily>()) llama->sizes.context = T_;
    if (auto* gpt2 = family.as<Gpt2Family>()) gpt2->sizes.context = T_;
    DpoLoss loss;
    loss.terms = {number("beta"), number("label_smoothing")};
    model_ = std::make_unique<Model>(device_, stream_, family->loss_graph({.B = pairs_, .dtype = dtype, .loss = loss}),
                                     ModelOptions{.dtype = dtype, .recompute_blocks = recompute, .states = {"m", "v"}});
    for (ParameterStorage* storage : model_->storages()) fill(*storage);
  }

  void load(const Program& program, int64_t batch) {
    const int64_t N = pairs_ * 2 * T_;
    for (const char* name : {"tokens", "targets"}) {
      const std::vector<int32_t> all = file_.integers(name);
      stream_.copy(program.input(name).data, all.data() + batch * N, static_cast<size_t>(N) * 4);
      stream_.synchronize();
    }
    const std::vector<float> reference = file_.floats(of("reference"));
    stream_.copy(program.input(kReferenceField).data, reference.data() + batch * 2 * pairs_,
                 static_cast<size_t>(2 * pairs_) * 4);
    stream_.synchronize();
  }

  // Losses of a batch; gradients of their mean in the flat storage.
  std::vector<float> forward_backward(int64_t batch) {
    load(model_->training(), batch);
    for (const auto& group : model_->groups()) stream_.zero(group->gradients().data, group->gradients().bytes());
    Pass pass{.ops = device_.ops(), .stream = stream_, .training = true};
    pass.loss_scale = 1.0f / static_cast<float>(pairs_);
    model_->training().run(pass);
    return test::read<float>(model_->training().result());
  }

  // Returns how many there are.
  int expect_gradients(double tolerance) {
    int count = 0;
    for (const auto& group : model_->groups())
      count += test::expect_reference_gradients(file_, GetParam(), *group, tolerance);
    return count;
  }

  void expect_values(const std::vector<float>& found, const std::string& dataset, double tolerance) {
    const std::vector<double> expected = file_.doubles(of(dataset));
    ASSERT_EQ(found.size(), expected.size()) << dataset;
    for (size_t i = 0; i < found.size(); ++i)
      EXPECT_NEAR(found[i], expected[i], tolerance * (1 + std::abs(expected[i]))) << dataset << " " << i;
  }

  test::ReferenceFile file_{test::reference_path("dpo.h5")};
  Device& device_ = test::test_device();
  Stream& stream_ = test::test_stream();
  std::unique_ptr<Model> model_;
  int64_t pairs_ = static_cast<int64_t>(file_.attribute("pairs")), T_ = static_cast<int64_t>(file_.attribute("tokens"));
};

TEST_P(DpoReference, LossesAndEveryGradientMatchInF32) {
  make(DType::f32);
  expect_values(forward_backward(0), "loss_of_pairs", 1e-5);
  EXPECT_GT(expect_gradients(1e-5), 20);
}

TEST_P(DpoReference, LossesAndEveryGradientMatchInBf16) {
  make(DType::bf16);
  expect_values(forward_backward(0), "loss_of_pairs", 2e-2);
  expect_gradients(1.5e-1);  // of small ones, through several roundings
}

TEST_P(DpoReference, EvaluationsTellRewardsAndLogProbabilities) {
  make(DType::f32);
  load(model_->evaluation(), 0);
  Pass pass{.ops = device_.ops(), .stream = stream_, .rows_alike = true};
  model_->evaluation().run(pass);
  expect_values(test::read<float>(model_->evaluation().result()), "loss_of_pairs", 1e-5);
  expect_values(test::read<float>(model_->evaluation().output(kRewardsOutput)), "rewards", 1e-5);
  expect_values(test::read<float>(model_->evaluation().output(kLogProbabilitiesOutput)), "log_probabilities", 1e-5);
}

TEST_P(DpoReference, RecomputationChangesNoBit) {
  for (const DType dtype : {DType::f32, DType::bf16}) {
    make(dtype);
    forward_backward(0);
    const auto kept = test::read<std::byte>(model_->groups()[0]->gradients());
    make(dtype, true);
    forward_backward(0);
    EXPECT_TRUE(test::read<std::byte>(model_->groups()[0]->gradients()) == kept);
  }
}

TEST_P(DpoReference, TwentyStepsFollowPyTorch) {
  make(DType::f32);
  AdamWMaker adamw;
  adamw.weight_decay = file_.attribute("weight_decay");
  const std::unique_ptr<Optimizer> rule = adamw.make();
  const auto alone = make_local_communicator();
  const auto unused = device_.make_stream(StreamKind::communication);
  Communication communication(device_, stream_, *unused, *alone);
  std::vector<OptimizedGroup> groups;
  for (const auto& group : model_->groups()) groups.push_back({*group});
  OptimizerStep optimizer(communication, groups, *rule, {.clip_norm = file_.attribute("clip")});
  const std::vector<double> expected = file_.doubles(of("losses"));
  const auto batches = static_cast<int64_t>(file_.attribute("batches"));
  ASSERT_EQ(expected.size(), 20u);
  for (int64_t step = 0; step < static_cast<int64_t>(expected.size()); ++step) {
    double mean = 0;
    for (const float loss : forward_backward(step % batches))
      mean += static_cast<double>(loss) / static_cast<double>(pairs_);
    EXPECT_NEAR(mean, expected[static_cast<size_t>(step)], 1e-4) << "step " << step;
    optimizer.step(step + 1, file_.attribute("lr"), true);
    stream_.synchronize();
  }
}

INSTANTIATE_TEST_SUITE_P(Variants, DpoReference, testing::Values("llama", "smoothed", "gpt2"),
                         [](const auto& variant) { return std::string(variant.param); });

}  // namespace
}  // namespace convoy
