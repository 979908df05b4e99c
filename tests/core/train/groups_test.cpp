// Runs with several groups of parameters: frozen, slower, without decay. What ranks, stages and stops may not change,
// they do not; what is frozen costs nothing.
#include <gtest/gtest.h>

#include "core/checkpoint/checkpoint_folder.h"
#include "core/models/gpt2.h"
#include "core/optimizer/makers.h"
#include "core/optimizer/schedule_makers.h"
#include "core/train/model_plan.h"
#include "kernels/cpu/cpu_device.h"
#include "tests/core/temporary_folder.h"
#include "tests/support/toy_run.h"

namespace convoy {
namespace {

using test::toy_config;
using test::toy_run;
using test::ToyParts;
using test::ToyResult;

const std::vector<GroupRule> kThreeGroups{{.match = "transformer.wpe.*", .freeze = true},
                                          {.match = "*.h.1.attn.*", .freeze = true},
                                          {.match = "*.h.0.*", .name = "slow", .lr_scale = 0.1, .weight_decay = {0.0}}};

void expect_same_run(const ToyResult& a, const ToyResult& b) {
  EXPECT_EQ(a.losses, b.losses);
  EXPECT_EQ(a.grad_norms, b.grad_norms);
  EXPECT_TRUE(a.weights == b.weights) << "weights differ";
}

Config groups_config() {
  Config config = toy_config();
  test::gpt2_of(config).dropout = 0.1;
  config.batch.micro = 4;
  config.train.steps = 6;
  return config;
}

TEST(Groups, RanksAndStagesChangeNoBit) {
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    Config config = groups_config();
    config.precision = precision;
    const ToyParts parts{.groups = kThreeGroups};
    const ToyResult one = toy_run(config, 1, parts);
    EXPECT_FALSE(one.weights == toy_run(config, 1).weights);
    for (const int ranks : {1, 2, 4})
      for (const int64_t stage : {0, 1, 2, 3})
        for (const int64_t bucket_bytes : {4096, 1 << 20})
          for (const Recompute recompute : {Recompute::none, Recompute::block}) {
            SCOPED_TRACE(testing::Message() << "stage " << stage << ", " << ranks << " ranks, " << bucket_bytes);
            config.parallel.stage = stage;
            config.parallel.bucket_bytes = bucket_bytes;
            config.train.recompute = recompute;
            const ToyResult found = toy_run(config, ranks, parts);
            expect_same_run(one, found);
            EXPECT_EQ(found.allocated_bytes, found.planned_bytes);
            EXPECT_EQ(found.allocations_after_first_step, 0);
          }
  }
}

TEST(Groups, PassesThatAddUpAndGroupsOfRanksChangeNoBit) {
  Config config = groups_config();
  config.batch.micro = 2;
  config.parallel.virtual_ranks.value = 8;
  const ToyParts parts{.groups = kThreeGroups};
  const ToyResult one = toy_run(config, 1, parts);
  for (const auto& [ranks, group] : {std::pair(2, 2), std::pair(8, 2), std::pair(8, 4)})
    for (const int64_t stage : {1, 2, 3}) {
      SCOPED_TRACE(testing::Message() << "stage " << stage << ", " << ranks << " ranks in groups of " << group);
      config.parallel.stage = stage;
      config.parallel.shard_ranks.value = group;
      expect_same_run(one, toy_run(config, ranks, parts));
    }
}

// A rule that says nothing else than the optimizer changes where things lie and in which order their squares are added:
// without clipping, no weight.
TEST(Groups, ARuleThatChangesNothingChangesNoWeight) {
  Config config = groups_config();
  config.train.clip_norm = 0;
  const ToyResult without = toy_run(config, 1);
  const ToyResult with = toy_run(config, 2, {.groups = {{.match = "*.bias"}, {.match = "*.wte.*"}}});
  EXPECT_EQ(with.losses, without.losses);
  EXPECT_EQ(with.weights, without.weights);
  for (size_t i = 0; i < with.grad_norms.size(); ++i) EXPECT_NEAR(with.grad_norms[i], without.grad_norms[i], 1e-5);
}

// The weights after one step, by name; `initial`: before it.
class Weights {
 public:
  explicit Weights(const std::vector<GroupRule>& rules, double lr = 1e-2, double clip_norm = 1) {
    Config config = groups_config();
    config.train = {.steps = 2, .stop_at = 1, .clip_norm = clip_norm};
    config.schedule.kind.choose("constant");
    config.schedule.kind.as<ConstantMaker>()->warmup_steps = 0;
    config.optimizer.kind.as<AdamWMaker>()->lr = lr;
    config.optimizer.kind.as<AdamWMaker>()->weight_decay = 0.5;
    toy_run(config, 1, {.checkpoints = folder_.path(), .groups = rules});
  }
  std::vector<float> operator()(const std::string& name, const Shape& shape) const {
    const CheckpointReader reader(folder_.path() / checkpoint_name(1), true);
    std::vector<float> values(static_cast<size_t>(shape.elements()));
    reader.read_weight(name, {values.data(), DType::f32, shape});
    return values;
  }

 private:
  TemporaryFolder folder_;
};

TEST(Groups, EachIsUpdatedAsItsRuleSays) {
  const Weights initial({}, 1e-30), usual({}, 1e-2), grouped(kThreeGroups);
  const Shape position{12, 16}, square{16, 16}, projection{64, 16};
  EXPECT_EQ(grouped("transformer.wpe.weight", position), initial("transformer.wpe.weight", position)) << "frozen";
  EXPECT_NE(usual("transformer.wpe.weight", position), initial("transformer.wpe.weight", position));
  const std::string rest = "transformer.h.1.mlp.c_proj.weight";
  EXPECT_NE(grouped(rest, projection), initial(rest, projection));
  // The first step of AdamW is lr times a sign, whatever the gradient's size: a tenth of it, and no decay.
  const std::string slow = "transformer.h.0.attn.c_proj.weight";
  const auto before = initial(slow, square), with_decay = usual(slow, square), after = grouped(slow, square);
  for (size_t i = 0; i < before.size(); ++i) {
    const float step = with_decay[i] - before[i] * (1 - 1e-2f * 0.5f);
    EXPECT_NEAR(after[i] - before[i], 0.1f * step, 2e-5f) << i;
  }
}

TEST(Groups, ADecayIsThatOfAllTheGroupsParameters) {
  const Weights initial({}, 1e-30), usual({}), decayed({{.match = "*.ln_f.*", .weight_decay = {0.5}}});
  const Shape shape{16};
  const auto before = initial("transformer.ln_f.weight", shape), without = usual("transformer.ln_f.weight", shape);
  const auto after = decayed("transformer.ln_f.weight", shape);
  for (size_t i = 0; i < before.size(); ++i) EXPECT_NEAR(after[i], without[i] - 1e-2f * 0.5f * before[i], 1e-6f);
}

TEST(Groups, StopAndResumeOnOtherRanksChangeNoBit) {
  for (const Precision precision : {Precision::f32, Precision::bf16})
    for (const double ema_decay : {0.0, 0.75}) {
      const TemporaryFolder folder;
      ToyParts parts{.groups = kThreeGroups};
      Config config = groups_config();
      config.precision = precision;
      config.train.ema_decay = ema_decay;
      const ToyResult whole = toy_run(config, 1, parts);
      parts.checkpoints = folder.path();
      config.parallel.stage = 3;
      config.train.stop_at = 3;
      toy_run(config, 4, parts);
      config.parallel.stage = 1;
      config.train.stop_at = 0;
      parts.resume = true;
      const ToyResult rest = toy_run(config, 2, parts);
      EXPECT_EQ(rest.weights, whole.weights);
      EXPECT_EQ(rest.evaluations.at(0).loss, whole.evaluations.at(0).loss);
    }
}

TEST(Groups, TheAverageHoldsFrozenWeightsToo) {
  const TemporaryFolder folder;
  Config config = groups_config();
  config.train.ema_decay = 0.75;
  config.train.steps = 3;
  toy_run(config, 2, {.checkpoints = folder.path(), .groups = kThreeGroups});
  const CheckpointReader reader(folder.path() / checkpoint_name(3), true);
  const auto read = [&](const std::string& name, const Shape& shape, bool average) {
    std::vector<float> values(static_cast<size_t>(shape.elements()));
    const Tensor out{values.data(), DType::f32, shape};
    average ? reader.read_average(name, out) : reader.read_weight(name, out);
    return values;
  };
  EXPECT_EQ(read("transformer.wpe.weight", {12, 16}, true), read("transformer.wpe.weight", {12, 16}, false));
  EXPECT_NE(read("transformer.wte.weight", {29, 16}, true), read("transformer.wte.weight", {29, 16}, false));
}

std::string resume_refusal(const std::vector<GroupRule>& first, const std::vector<GroupRule>& second) {
  const TemporaryFolder folder;
  Config config = groups_config();
  config.train.stop_at = 1;
  toy_run(config, 1, {.checkpoints = folder.path(), .groups = first});
  config.train.stop_at = 2;
  try {
    toy_run(config, 1, {.checkpoints = folder.path(), .resume = true, .groups = second});
  } catch (const CheckpointError& error) {
    return error.what();
  }
  return "nothing";
}

TEST(Groups, OtherGroupsAreRefusedAtAResume) {
  const std::string found =
      resume_refusal({{.match = "*.bias", .name = "biases"}}, {{.match = "*.h.0.*", .name = "block"}});
  EXPECT_NE(found.find("holds the groups of parameters biases ("), std::string::npos) << found;
  EXPECT_NE(found.find("the config makes block ("), std::string::npos) << found;
  EXPECT_NE(resume_refusal({}, {{.match = "*.bias"}}).find("all in one ("), std::string::npos);
  EXPECT_NE(resume_refusal({{.match = "*.bias"}}, {}).find("the config makes all in one ("), std::string::npos);
  EXPECT_NE(resume_refusal({{.match = "*.wpe.*", .freeze = true}}, {{.match = "*.wpe.*"}}), "nothing");
  // As many elements, other parameters.
  EXPECT_NE(resume_refusal({{.match = "*.h.0.*", .name = "block"}}, {{.match = "*.h.1.*", .name = "block"}})
                .find("other groups of parameters"),
            std::string::npos);
  EXPECT_EQ(resume_refusal({{.match = "*.bias"}}, {{.match = "*.bias", .lr_scale = 0.5}}), "nothing");
}

TEST(Groups, ARollbackAndTheSentinelWorkWithThem) {
  Config config = groups_config();
  config.train.steps = 40;
  config.optimizer.kind.as<AdamWMaker>()->lr = 1e-2;
  config.checkpoint.every_steps = 10;
  config.parallel.sentinel_every = 5;
  config.guard = {.spike_sigma = 4, .window_steps = 8, .rollback = true};
  ToyParts parts{.mislabelled = [](int64_t sample) { return sample / 16 + 1 == 25; }, .groups = kThreeGroups};
  const TemporaryFolder folder, second;
  parts.checkpoints = folder.path();
  const ToyResult one = toy_run(config, 1, parts);
  ASSERT_EQ(one.rollbacks.size(), 1u);
  EXPECT_EQ(one.rollbacks[0].step, 20);
  for (const int64_t stage : {0, 3}) {
    const TemporaryFolder other;
    config.parallel.stage = stage;
    parts.checkpoints = other.path();
    expect_same_run(one, toy_run(config, 4, parts));
  }
}

// All but the last block and what lies behind it.
const std::vector<GroupRule> kLastBlock{{.match = "*.h.1.*"}, {.match = "*.ln_f.*"}, {.match = "*", .freeze = true}};

ModelPlan plan_of(Ops& ops, const std::vector<GroupRule>& rules, int64_t stage) {
  const Gpt2Config config{.layers = 2, .heads = 2, .channels = 32, .context = 16, .vocabulary = 50};
  return {ops,
          gpt2_loss_graph(config, 4, 16),
          {.sharding = {.stage = stage, .rank = 0, .ranks = 2, .bucket_bytes = 4096},
           .groups = rules,
           .states = {"m", "v"}}};
}

TEST(Groups, WhatIsFrozenTakesNoMemoryButItsOwn) {
  const auto device = cpu::make_cpu_device(1);
  const ModelPlan all = plan_of(device->ops(), {}, 0), last = plan_of(device->ops(), kLastBlock, 0);
  const MemoryUse of_all = all.memory(), of_last = last.memory();
  int64_t trained = 0, padded = 0;
  for (const GroupPlan& group : last.groups()) trained += group.layout.parameter_count();
  for (const GroupPlan& group : last.groups()) padded += group.layout.padded_elements();
  EXPECT_EQ(trained + last.kept().at(0).layout.parameter_count(), all.layout().parameter_count());
  EXPECT_LT(2 * trained, all.layout().parameter_count());
  EXPECT_EQ(of_last.gradients, static_cast<size_t>(padded) * 4);
  EXPECT_LT(of_last.optimizer, static_cast<size_t>(padded) * 8 + 1024);  // m, v and a flag per block
  EXPECT_LT(of_last.gradients, of_all.gradients);
  EXPECT_LT(of_last.activations, of_all.activations) << "nothing is kept for a backward that never runs";
}

TEST(Groups, BackwardEndsAtTheLowestTrainedParameter) {
  const auto device = cpu::make_cpu_device(1);
  for (const int64_t stage : {0, 3}) {
    const ModelPlan last = plan_of(device->ops(), kLastBlock, stage);
    int backward = 0;
    for (const Action& action : last.training().actions) {
      if (action.kind != ActionKind::backward) continue;
      ++backward;
      const std::string& name = last.graph().nodes()[static_cast<size_t>(action.node)].name;
      EXPECT_TRUE(name.find("h.0") == std::string::npos && name.find("wte") == std::string::npos) << name;
    }
    EXPECT_GT(backward, 0);
  }
}

// As a program binds it: the weight of a frozen product has no gradient, so that none is computed.
TEST(Groups, FrozenParametersHaveNoGradient) {
  const auto device = cpu::make_cpu_device(1);
  const auto stream = device->make_stream(StreamKind::compute);
  const Model model(*device, *stream, plan_of(device->ops(), {{.match = "*.h.1.mlp.c_fc.weight", .freeze = true}}, 0));
  int checked = 0;
  for (const BoundAction& action : model.training().actions()) {
    if (action.kind != ActionKind::backward) continue;
    const auto& parameters = model.graph().nodes()[static_cast<size_t>(action.node)].plan.parameters;
    for (size_t i = 0; i < parameters.size(); ++i) {
      const bool frozen = parameters[i].name == "transformer.h.1.mlp.c_fc.weight";
      EXPECT_EQ(static_cast<bool>(action.tensors.weight_gradients[i]), !frozen) << parameters[i].name;
      checked += frozen ? 1 : 0;
    }
  }
  EXPECT_EQ(checked, 1);
}

// What is sent of a step's gradients and, at stage 3, weights belongs to what is trained.
TEST(Groups, WhatIsFrozenIsNotSent) {
  for (const int64_t stage : {0, 3}) {
    Config config = groups_config();
    config.parallel.stage = stage;
    config.parallel.bucket_bytes = 1 << 20;
    config.evaluate.batches = 0;
    const auto sent = [&](const std::vector<GroupRule>& rules) {
      size_t bytes = 0;
      for (const auto& [label, count] : toy_run(config, 2, {.groups = rules}).communicated_bytes)
        if (label.starts_with("gradient bucket") || label.starts_with("weights of bucket")) bytes += count;
      return bytes;
    };
    const std::vector<GroupRule> embeddings_alone{{.match = "*.w?e.*"}, {.match = "*", .freeze = true}};
    const size_t all = sent({}), some = sent(embeddings_alone);
    EXPECT_GT(some, 0u);
    EXPECT_LT(4 * some, all) << "656 of 7,216 parameters are trained, padded to 2,048";
  }
}

}  // namespace
}  // namespace convoy
