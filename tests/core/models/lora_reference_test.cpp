// Adapters beside small models, as PEFT has them: tests/reference/lora.py made the numbers. Model and adapters are
// filled by their names there.
#include <gtest/gtest.h>

#include "comm/local/local_communicator.h"
#include "core/models/adapter_kinds.h"
#include "core/models/gpt2_family.h"
#include "core/models/kinds.h"
#include "core/models/llama_family.h"
#include "core/models/loss.h"
#include "core/models/peer_config.h"
#include "core/ops/ops.h"
#include "core/optimizer/makers.h"
#include "core/optimizer/optimizer_step.h"
#include "core/parameters/initialise.h"
#include "core/train/model.h"
#include "tests/support/reference_model.h"
#include "tests/support/test_device.h"

namespace convoy {
namespace {

class LoraReference : public testing::TestWithParam<const char*> {
 protected:
  std::string of(const std::string& dataset) const { return std::string(GetParam()) + "/" + dataset; }
  std::string text(const std::string& dataset) const { return test::reference_text(file_, of(dataset)); }

  AdapterRule rule() const {
    LoraMaker maker;
    maker.rank = static_cast<int64_t>(file_.doubles(of("rank"))[0]);
    maker.alpha = file_.doubles(of("alpha"))[0];
    maker.scaling = file_.doubles(of("rs"))[0] != 0 ? AdapterScaling::rs : AdapterScaling::standard;
    maker.match = text("match");
    return *maker.make();
  }

  Graph adapted(Graph graph) const {
    graph.adapt(rule());
    return graph;
  }

  void fill(ParameterStorage& storage) {
    set_weights(storage, device_, stream_, test::reference_weights(file_, GetParam(), storage.layout()));
  }

  void make(DType dtype, bool recompute = false) {
    const FamilyChoice family = family_from_config_json(text("config"));
    const LossChoice loss(loss_kinds(), "cross_entropy");
    const GraphNeeds needs{.B = B_, .dtype = dtype, .loss = *loss};
    FamilyChoice fitting = family;
    if (auto* llama = fitting.as<LlamaFamily>()) llama->sizes.context = T_;
    if (auto* gpt2 = fitting.as<Gpt2Family>()) gpt2->sizes.context = T_;
    model_ = std::make_unique<Model>(device_, stream_, adapted(fitting->loss_graph(needs)),
                                     ModelOptions{.dtype = dtype, .recompute_blocks = recompute, .states = {"m", "v"}});
    ASSERT_EQ(model_->groups().size(), 1u);
    for (ParameterStorage* storage : model_->storages()) fill(*storage);
  }

  // Mean loss of a batch; gradients of it in the flat storage.
  double forward_backward(int64_t batch) {
    const int64_t N = B_ * T_;
    for (const char* name : {"tokens", "targets"}) {
      const std::vector<int32_t> all = file_.integers(name);
      stream_.copy(model_->training().input(name).data, all.data() + batch * N, static_cast<size_t>(N) * 4);
    }
    ParameterStorage& adapters = *model_->groups()[0];
    stream_.zero(adapters.gradients().data, adapters.gradients().bytes());
    Pass pass{.ops = device_.ops(), .stream = stream_, .training = true};
    pass.loss_scale = 1.0f / static_cast<float>(N);
    model_->training().run(pass);
    double sum = 0;
    for (const float loss : test::read<float>(model_->training().result())) sum += static_cast<double>(loss);
    return sum / static_cast<double>(N);
  }

  // Of PEFT's adapters. Returns how many there are.
  int expect_gradients(double tolerance) {
    return test::expect_reference_gradients(file_, GetParam(), *model_->groups()[0], tolerance);
  }

  // Logits of the last of the first `length` tokens of the first sequence.
  std::vector<float> logits(int64_t length) {
    const FamilyChoice family = family_from_config_json(text("config"));
    const Graph graph = adapted(family->generator(DType::f32)->make_graph(1, length, 0));
    const ParameterLayout layout(graph, 1);
    ParameterStorage parameters(device_, stream_, layout, DType::f32);
    fill(parameters);
    Plan plan = make_plan(graph, layout, device_.ops(), {.purpose = Purpose::evaluation});
    const Memory arena = device_.allocate(plan.arena_bytes);
    const Program program(graph, std::move(plan), parameters,
                          {arena.data(), DType::u8, {static_cast<int64_t>(arena.bytes())}});
    const std::vector<int32_t> tokens = file_.integers("tokens");
    stream_.copy(program.input("tokens").data, tokens.data(), static_cast<size_t>(length) * 4);
    Pass pass{.ops = device_.ops(), .stream = stream_};
    program.run(pass);
    return test::read<float>(program.result());
  }

  test::ReferenceFile file_{test::reference_path("lora.h5")};
  Device& device_ = test::test_device();
  Stream& stream_ = test::test_stream();
  std::unique_ptr<Model> model_;
  int64_t B_ = static_cast<int64_t>(file_.attribute("batch")), T_ = static_cast<int64_t>(file_.attribute("tokens"));
};

TEST_P(LoraReference, LogitsOfEveryPositionMatch) {
  const std::vector<float> expected = file_.floats(of("logits"));
  for (int64_t length = 1; length <= T_; length += 4) {
    const std::vector<float> actual = logits(length);
    const size_t V = actual.size();
    ASSERT_EQ(expected.size(), V * static_cast<size_t>(T_));
    for (size_t token = 0; token < V; ++token)
      EXPECT_NEAR(actual[token], expected[static_cast<size_t>(length - 1) * V + token], 1e-5)
          << "token " << token << " after " << length;
  }
}

TEST_P(LoraReference, LossAndEveryGradientMatchInF32) {
  make(DType::f32);
  const double expected = file_.doubles(of("loss"))[0];
  EXPECT_NEAR(forward_backward(0), expected, 1e-5 * expected);
  const std::string name = GetParam();
  EXPECT_EQ(expect_gradients(1e-5), 2 * 2 * (name == "some" ? 2 : name == "gpt2" ? 4 : 7));
}

TEST_P(LoraReference, LossAndEveryGradientMatchInBf16) {
  make(DType::bf16);
  const double expected = file_.doubles(of("loss"))[0];
  EXPECT_NEAR(forward_backward(0), expected, 2e-2 * expected);
  expect_gradients(1.5e-1);  // of small ones, through several roundings
}

TEST_P(LoraReference, RecomputationChangesNoBit) {
  for (const DType dtype : {DType::f32, DType::bf16}) {
    make(dtype);
    forward_backward(0);
    const auto kept = test::read<std::byte>(model_->groups()[0]->gradients());
    make(dtype, true);
    forward_backward(0);
    EXPECT_TRUE(test::read<std::byte>(model_->groups()[0]->gradients()) == kept);
  }
}

TEST_P(LoraReference, TwentyStepsFollowPeft) {
  make(DType::f32);
  AdamWMaker adamw;
  adamw.weight_decay = file_.attribute("weight_decay");
  const std::unique_ptr<Optimizer> rule = adamw.make();
  const auto alone = make_local_communicator();
  const auto unused = device_.make_stream(StreamKind::communication);
  Communication communication(device_, stream_, *unused, *alone);
  OptimizerStep optimizer(communication, {{*model_->groups()[0]}}, *rule, {.clip_norm = file_.attribute("clip")});
  const std::vector<double> expected = file_.doubles(of("losses"));
  const auto batches = static_cast<int64_t>(file_.attribute("batches"));
  ASSERT_EQ(expected.size(), 20u);
  for (int64_t step = 0; step < static_cast<int64_t>(expected.size()); ++step) {
    EXPECT_NEAR(forward_backward(step % batches), expected[static_cast<size_t>(step)], 1e-4) << "step " << step;
    optimizer.step(step + 1, file_.attribute("lr"), true);
    stream_.synchronize();
  }
}

INSTANTIATE_TEST_SUITE_P(Variants, LoraReference, testing::Values("all", "rs", "some", "gpt2"),
                         [](const auto& variant) { return std::string(variant.param); });

}  // namespace
}  // namespace convoy
