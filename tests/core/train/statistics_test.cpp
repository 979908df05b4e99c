// Runs of a model with batch norm and constants: running averages, that no optimizer touches and no number of ranks
// changes.
#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "core/base/bf16.h"
#include "core/base/error.h"
#include "core/checkpoint/checkpoint_folder.h"
#include "core/layers/batch_norm.h"
#include "core/layers/embedding.h"
#include "core/layers/language_model_head.h"
#include "core/layers/losses.h"
#include "core/layers/mlp.h"
#include "core/layers/normalize.h"
#include "core/optimizer/makers.h"
#include "core/optimizer/schedule_makers.h"
#include "core/parameters/initialise.h"
#include "core/train/model_plan.h"
#include "kernels/cpu/cpu_device.h"
#include "tests/core/temporary_folder.h"
#include "tests/support/memory_source.h"
#include "tests/support/toy_run.h"

namespace convoy {
namespace {

using test::toy_config;
using test::toy_run;
using test::ToyParts;
using test::ToyResult;

constexpr float kMomentum = 0.25f;

// Embedding, constants, and two blocks of a batch norm and a product each.
Graph graph_of(const Gpt2Config& c, int64_t B) {
  Graph graph;
  const auto C = static_cast<size_t>(c.channels);
  const ValueId tokens = graph.add_input("tokens", {DType::i32, {B, c.context}});
  const EmbeddingOptions embedding{"wte", "wpe", c.vocabulary, c.channels, c.context, c.dtype, 0.5f};
  ValueId x = graph.add("embedding", std::make_unique<Embedding>(embedding), {tokens})[0];
  x = graph.add("stem", std::make_unique<BatchNorm>(BatchNormOptions{.name = "stem", .momentum = kMomentum}), {x})[0];
  std::vector<float> mean(C, 0.125f), deviation(C, 1.5f);
  x = graph.add("constants",
                std::make_unique<Normalize>(NormalizeOptions{"constants", c.dtype, Initialisation::given(mean),
                                                             Initialisation::given(deviation)}),
                {x})[0];
  for (int block = 0; block < 2; ++block) {
    graph.begin_block(block);
    const std::string name = "block." + std::to_string(block);
    const MlpOptions mlp{name + ".fc", name + ".proj", c.channels, 2 * c.channels, Activation::gelu_tanh, 0.2f, 0.2f};
    x = graph.add(name + ".mlp", std::make_unique<Mlp>(mlp), {x})[0];
    x = graph.add(name + ".norm", std::make_unique<BatchNorm>(BatchNormOptions{.name = name + ".norm"}), {x})[0];
  }
  graph.begin_block(-1);
  const ValueId targets = graph.add_input("targets", {DType::i32, {B, c.context}});
  const LanguageModelHeadOptions head{"head", c.vocabulary, c.channels};
  graph.set_loss(graph.add("head", std::make_unique<LanguageModelHead>(head), {x, targets}));
  return graph;
}

// Twelve micro-batches a step.
Config config_of(int64_t virtual_ranks = 4) {
  Config config = toy_config();
  config.batch = {.micro = 2, .global = 24};
  config.train.steps = 4;
  config.parallel.virtual_ranks.value = virtual_ranks;
  return config;
}

ToyParts parts_of() {
  ToyParts parts;
  parts.graph = graph_of;
  return parts;
}

void expect_same_statistics(const ToyResult& found, const ToyResult& wanted) {
  EXPECT_EQ(found.losses, wanted.losses);
  EXPECT_EQ(found.grad_norms, wanted.grad_norms);
  EXPECT_TRUE(found.weights == wanted.weights) << "weights differ";
  EXPECT_EQ(found.evaluations.at(0).loss, wanted.evaluations.at(0).loss);
}

TEST(Statistics, RanksAndStagesChangeNoBit) {
  for (const auto& [precision, all] :
       {std::pair(Precision::f32, std::vector{1, 2, 4}), std::pair(Precision::bf16, std::vector{1, 2, 4}),
        std::pair(Precision::f32, std::vector{1, 3}), std::pair(Precision::bf16, std::vector{1, 3})}) {
    Config config = config_of(all.back());
    config.precision = precision;
    const ToyResult one = toy_run(config, 1, parts_of());
    for (const int ranks : all)
      for (const int64_t stage : {0, 1, 2, 3})
        for (const Recompute recompute : {Recompute::none, Recompute::block}) {
          SCOPED_TRACE(testing::Message() << "stage " << stage << ", " << ranks << " ranks");
          config.parallel.stage = stage;
          config.train.recompute = recompute;
          const ToyResult found = toy_run(config, ranks, parts_of());
          expect_same_statistics(found, one);
          EXPECT_EQ(found.allocated_bytes, found.planned_bytes);
          EXPECT_EQ(found.allocations_after_first_step, 0);
        }
  }
}

TEST(Statistics, OnePassARankAndGroupsOfRanksChangeNoBit) {
  Config config = config_of();
  config.batch.micro = 2;
  config.batch.global = 8;
  config.parallel.virtual_ranks.value = 4;
  config.parallel.sentinel_every = 2;
  const ToyResult one = toy_run(config, 1, parts_of());
  for (const int64_t stage : {0, 1, 2, 3})
    for (const int64_t group : {2, 4}) {
      SCOPED_TRACE(testing::Message() << "stage " << stage << ", groups of " << group);
      config.parallel.stage = stage;
      config.parallel.shard_ranks.value = group;
      expect_same_statistics(toy_run(config, 4, parts_of()), one);
    }
}

// What is planned to be sent in a step is sent.
TEST(Statistics, PlannedTrafficIsTheTraffic) {
  Config config = config_of();
  config.evaluate.batches = 0;
  for (const int64_t stage : {0, 1, 2, 3}) {
    config.parallel.stage = stage;
    const ToyResult found = toy_run(config, 2, parts_of());
    EXPECT_EQ(found.sent_bytes[2] - found.sent_bytes[1], found.planned_sent_bytes) << "stage " << stage;
  }
}

// Runs up to a step and reads what its checkpoint holds.
class Saved {
 public:
  explicit Saved(const Config& config, int64_t step = 1, ToyParts parts = parts_of()) : step_(step) {
    Config stopped = config;
    stopped.train.stop_at = step;
    parts.checkpoints = folder_.path();
    toy_run(stopped, 1, parts);
  }
  std::vector<float> operator()(const std::string& name, const Shape& shape, bool average = false) const {
    const CheckpointReader reader(folder_.path() / checkpoint_name(step_), true);
    std::vector<float> values(static_cast<size_t>(shape.elements()));
    const Tensor out{values.data(), DType::f32, shape};
    average ? reader.read_average(name, out) : reader.read_weight(name, out);
    return values;
  }
  // Both statistics of all layers.
  std::vector<std::vector<float>> all(bool average = false) const {
    std::vector<std::vector<float>> values;
    for (const char* layer : {"stem", "block.0.norm", "block.1.norm"})
      for (const char* what : {".running_mean", ".running_var"})
        values.push_back((*this)(std::string(layer) + what, {16}, average));
    return values;
  }

 private:
  TemporaryFolder folder_;
  int64_t step_;
};

// Of a step: token embeddings, whose values before the first step are known.
struct StemMoments {
  std::vector<double> mean, variance;  // means over the micro-batches; the variance is unbiased

  StemMoments(const Config& config, int64_t passes) : mean(16), variance(16) {
    const Graph graph = graph_of({.channels = 16, .context = 12, .vocabulary = 29}, config.batch.micro);
    const ParameterLayout layout(graph, 1);
    const auto values = [&](const char* name) {
      const int number = layout.find(name);
      return initial_values(layout.parameters()[static_cast<size_t>(number)], number,
                            static_cast<uint64_t>(config.run.seed));
    };
    const std::vector<float> tokens_table = values("wte"), positions = values("wpe");
    test::MemorySource source(12, 29);
    for (int64_t pass = 0; pass < passes; ++pass) {
      std::vector<int32_t> tokens(2 * 12), targets(2 * 12);
      const std::array out{Tensor{tokens.data(), DType::i32, {2, 12}}, Tensor{targets.data(), DType::i32, {2, 12}}};
      source.read(Split::train, 2 * pass, 2, out);
      for (size_t c = 0; c < 16; ++c) {
        const auto x = [&](size_t row) {
          return static_cast<double>(tokens_table[static_cast<size_t>(tokens[row]) * 16 + c] +
                                     positions[row % 12 * 16 + c]);
        };
        double sum = 0, squares = 0;
        for (size_t row = 0; row < 24; ++row) sum += x(row);
        for (size_t row = 0; row < 24; ++row) squares += (x(row) - sum / 24) * (x(row) - sum / 24);
        mean[c] += sum / 24 / static_cast<double>(passes);
        variance[c] += squares / 23 / static_cast<double>(passes);
      }
    }
  }
};

TEST(Statistics, AStepAddsTheMeanOverItsMicroBatches) {
  const Config config = config_of();
  const StemMoments expected(config, 12);
  const Saved saved(config);
  const std::vector<float> mean = saved("stem.running_mean", {16}), variance = saved("stem.running_var", {16});
  for (size_t c = 0; c < 16; ++c) {
    EXPECT_NEAR(mean[c], kMomentum * expected.mean[c], 1e-6);
    EXPECT_NEAR(variance[c], 1 - kMomentum + kMomentum * expected.variance[c], 1e-6);
  }
}

// The first step's statistics depend on the initial weights alone: not on how weights then follow gradients.
TEST(Statistics, NoRuleOfTheOptimizerTouchesThem) {
  const std::vector<std::vector<float>> usual = Saved(config_of()).all();
  Config clipped = config_of(), fast = config_of(), rounded = config_of(), other = config_of();
  clipped.train.clip_norm = 1e-3;
  fast.optimizer.kind.as<AdamWMaker>()->lr = 0.5;
  fast.optimizer.kind.as<AdamWMaker>()->weight_decay = 2;
  rounded.parallel.gradient_dtype = GradientDType::bf16;
  other.optimizer.kind.choose("sgd");
  for (const Config& config : {clipped, fast, rounded, other}) EXPECT_EQ(Saved(config).all(), usual);
  ToyParts slow = parts_of();
  slow.groups = {{.match = "*", .lr_scale = 0.5, .weight_decay = {0.5}}};
  EXPECT_EQ(Saved(config_of(), 1, slow).all(), usual);
}

TEST(Statistics, AreF32WhateverTheModelComputesIn) {
  Config config = config_of();
  const std::vector<std::vector<float>> exact = Saved(config, 3).all();
  config.precision = Precision::bf16;
  const Saved saved(config, 3);
  const std::vector<std::vector<float>> found = saved.all();
  int rounded = 0;
  for (size_t i = 0; i < found.size(); ++i)
    for (size_t c = 0; c < 16; ++c) {
      EXPECT_NEAR(found[i][c], exact[i][c], 0.02);
      rounded += static_cast<float>(bf16(found[i][c])) == found[i][c] ? 1 : 0;
    }
  EXPECT_LT(rounded, 10) << "of 96, some may happen to be";
  EXPECT_EQ(saved("constants.mean", {16}), std::vector<float>(16, 0.125f));
  EXPECT_EQ(saved("constants.deviation", {16}), std::vector<float>(16, 1.5f));
}

TEST(Statistics, AFrozenOneStays) {
  ToyParts parts = parts_of();
  parts.groups = {{.match = "stem.*", .freeze = true}, {.match = "block.0.*", .name = "first", .lr_scale = 0.5}};
  const Saved saved(config_of(), 2, parts);
  EXPECT_EQ(saved("stem.running_mean", {16}), std::vector<float>(16, 0));
  EXPECT_EQ(saved("stem.running_var", {16}), std::vector<float>(16, 1));
  EXPECT_NE(saved("block.0.norm.running_mean", {16}), std::vector<float>(16, 0));
  parts.groups = {{.match = "head"}, {.match = "*", .freeze = true}};
  const ToyResult one = toy_run(config_of(), 1, parts);
  EXPECT_EQ(Saved(config_of(), 2, parts)("block.1.norm.running_var", {16}), std::vector<float>(16, 1));
  Config sharded = config_of();
  sharded.parallel.stage = 3;
  expect_same_statistics(toy_run(sharded, 4, parts), one);
}

TEST(Statistics, StopAndResumeOnOtherRanksChangeNoBit) {
  for (const Precision precision : {Precision::f32, Precision::bf16})
    for (const double ema_decay : {0.0, 0.75}) {
      const TemporaryFolder folder;
      ToyParts parts = parts_of();
      Config config = config_of();
      config.precision = precision;
      config.train.ema_decay = ema_decay;
      const ToyResult whole = toy_run(config, 1, parts);
      parts.checkpoints = folder.path();
      config.parallel.stage = 3;
      config.train.stop_at = 2;
      toy_run(config, 4, parts);
      config.parallel.stage = 1;
      config.train.stop_at = 0;
      parts.resume = true;
      const ToyResult rest = toy_run(config, 2, parts);
      EXPECT_EQ(rest.weights, whole.weights);
      EXPECT_EQ(rest.evaluations.at(0).loss, whole.evaluations.at(0).loss);
    }
}

// Two updates, from the same first value as the statistic.
TEST(Statistics, HaveAMovingAverageAsWeightsHave) {
  Config config = config_of();
  config.train.ema_decay = 0.75;
  const Saved first(config, 1), second(config, 2);
  const std::vector<std::vector<float>> w1 = first.all(), w2 = second.all(), average = second.all(true);
  for (size_t i = 0; i < w1.size(); ++i)
    for (size_t c = 0; c < 16; ++c) {
      const float w0 = i % 2 == 0 ? 0.0f : 1.0f, once = w0 + 0.25f * (w1[i][c] - w0);
      EXPECT_NEAR(average[i][c], once + 0.25f * (w2[i][c] - once), 1e-6);
    }
  EXPECT_EQ(second("constants.mean", {16}, true), std::vector<float>(16, 0.125f));
}

TEST(Statistics, AStepThatIsSkippedLeavesThem) {
  Config config = config_of();
  config.optimizer.kind.choose("sgd");
  config.optimizer.kind.as<SgdMaker>()->lr = 1e38;
  config.schedule.kind.choose("constant");
  config.schedule.kind.as<ConstantMaker>()->warmup_steps = 0;
  config.train.clip_norm = 0;
  config.evaluate.batches = 0;
  EXPECT_EQ(Saved(config, 3).all(), Saved(config, 1).all()) << "the second step overflows";
}

TEST(Statistics, ARollbackRestoresThem) {
  Config config = config_of();
  config.batch = {.micro = 4, .global = 16};
  config.parallel.virtual_ranks.value = 4;
  config.train.steps = 40;
  config.optimizer.kind.as<AdamWMaker>()->lr = 1e-2;
  config.checkpoint.every_steps = 10;
  config.guard = {.spike_sigma = 4, .window_steps = 8, .rollback = true};
  ToyParts parts = parts_of();
  parts.mislabelled = [](int64_t sample) { return sample / 16 + 1 == 25; };
  const TemporaryFolder folder;
  parts.checkpoints = folder.path();
  const ToyResult spiked = toy_run(config, 1, parts);
  ASSERT_EQ(spiked.rollbacks.size(), 1u);
  EXPECT_EQ(spiked.rollbacks[0].step, 20);
  // The same samples, without a spike.
  ToyParts skipping = parts_of();
  skipping.sample_at = [](int64_t sample) { return sample < 20 * 16 ? sample : sample + 5 * 16; };
  config.guard = {};
  EXPECT_EQ(toy_run(config, 1, skipping).weights, spiked.weights);
  const TemporaryFolder other;
  parts.checkpoints = other.path();
  config.guard = {.spike_sigma = 4, .window_steps = 8, .rollback = true};
  config.parallel.stage = 2;
  EXPECT_EQ(toy_run(config, 4, parts).weights, spiked.weights);
}

TEST(Statistics, AreNoParametersThatLearn) {
  const ParameterLayout layout(graph_of({.channels = 16, .context = 12, .vocabulary = 29}, 2), 1);
  const int64_t embeddings = (29 + 12) * 16, mlps = 2 * (2 * 16 * 32 + 32 + 16), norms = 3 * 2 * 16, head = 29 * 16;
  EXPECT_EQ(layout.parameter_count(), embeddings + mlps + norms + head);
}

Graph rows_graph(int64_t B) {
  Graph graph;
  const ValueId x = graph.add_input("x", {DType::f32, {B, 3}}), y = graph.add_input("y", {DType::f32, {B, 3}});
  const ValueId normalised = graph.add(
      "layers.0.batch_norm", std::make_unique<BatchNorm>(BatchNormOptions{.name = "layers.0.batch_norm"}), {x})[0];
  graph.set_loss(graph.add("loss", std::make_unique<NumberLoss>("mse"), {normalised, y}));
  return graph;
}

TEST(Statistics, MicroBatchesOfOneRowAreRefusedByTrainingAlone) {
  const auto device = cpu::make_cpu_device(1);
  EXPECT_NO_THROW(ModelPlan(device->ops(), rows_graph(1), {.training = false}));
  EXPECT_NO_THROW(ModelPlan(device->ops(), rows_graph(2), {}));
  try {
    const ModelPlan plan(device->ops(), rows_graph(1), {});
    FAIL() << "one row has no variance";
  } catch (const ConfigError& error) {
    const std::string found = error.what();
    EXPECT_NE(found.find("layer layers.0.batch_norm: "), std::string::npos) << found;
    EXPECT_NE(found.find("set batch.micro to 2"), std::string::npos) << found;
  }
}

}  // namespace
}  // namespace convoy
