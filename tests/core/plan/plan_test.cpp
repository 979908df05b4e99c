#include "core/plan/plan.h"

#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/layers/embedding.h"
#include "core/layers/language_model_head.h"
#include "core/layers/norm.h"
#include "core/ops/optimizer_update.h"
#include "kernels/cpu/cpu_device.h"
#include "tests/core/plan/small_graph.h"

namespace convoy {
namespace {

class PlanTest : public testing::Test {
 protected:
  Plan plan(const PlanOptions& options) { return make_plan(graph_, layout_, device_->ops(), options); }

  std::unique_ptr<Device> device_ = cpu::make_cpu_device(1);
  std::unique_ptr<Stream> stream_ = device_->make_stream(StreamKind::compute);
  Graph graph_ = small_graph();
  ParameterLayout layout_{graph_, 1};
};

void expect_apart(const Plan& plan) {
  for (size_t a = 0; a < plan.buffers.size(); ++a)
    for (size_t b = a + 1; b < plan.buffers.size(); ++b) {
      const PlannedBuffer &x = plan.buffers[a], &y = plan.buffers[b];
      const bool alive_together = x.first <= y.last && y.first <= x.last;
      const bool overlap = x.offset < y.offset + y.bytes && y.offset < x.offset + x.bytes;
      EXPECT_FALSE(alive_together && overlap) << x.what << " and " << y.what;
    }
}

TEST_F(PlanTest, BuffersAliveTogetherLieApart) {
  for (const Purpose purpose : {Purpose::training, Purpose::evaluation})
    for (const bool recompute : {false, true}) {
      const Plan p = plan({.purpose = purpose, .recompute_blocks = recompute});
      expect_apart(p);
      for (const PlannedBuffer& buffer : p.buffers) EXPECT_LE(buffer.offset + buffer.bytes, p.arena_bytes);
    }
}

TEST_F(PlanTest, GuardsLieBehindEveryBuffer) {
  Plan p = plan({.guard_bytes = 256});
  for (PlannedBuffer& buffer : p.buffers) buffer.bytes += 256;
  expect_apart(p);
}

TEST_F(PlanTest, EvaluationNeedsFarLessThanTraining) {
  EXPECT_LT(2 * plan({.purpose = Purpose::evaluation}).arena_bytes, plan({}).arena_bytes);
}

TEST_F(PlanTest, RecomputationNeedsLessMemoryAndRunsBlocksAgain) {
  const Plan kept = plan({}), again = plan({.recompute_blocks = true});
  EXPECT_LT(again.arena_bytes, kept.arena_bytes);
  const auto recomputed = [](const Plan& p) {
    return std::count_if(p.actions.begin(), p.actions.end(),
                         [](const Action& a) { return a.kind == ActionKind::recompute; });
  };
  EXPECT_EQ(recomputed(kept), 0);
  EXPECT_EQ(recomputed(again), 3 * 6);  // ln_1, qkv, attention, projection, ln_2 and mlp of each block
}

// The sum of what is alive at the fullest moment bounds any layout from below.
TEST_F(PlanTest, LayoutIsCloseToTheLeastPossible) {
  const Plan p = plan({});
  size_t least = 0;
  for (int a = 0; a < static_cast<int>(p.actions.size()); ++a) {
    size_t alive = 0;
    for (const PlannedBuffer& buffer : p.buffers)
      if (buffer.first <= a && a <= buffer.last) alive += buffer.bytes;
    least = std::max(least, alive);
  }
  EXPECT_LE(static_cast<double>(p.arena_bytes), 1.1 * static_cast<double>(least));
}

TEST_F(PlanTest, GradientsBecomeFinalFromTheEndToTheFront) {
  const Plan p = plan({});
  int64_t from = layout_.padded_elements();
  for (const Action& action : p.actions) {
    EXPECT_LE(action.final_from.at(0), from);
    from = action.final_from.at(0);
  }
  EXPECT_EQ(from, 0);
  // The tied embedding is first in storage and written last: nothing else may wait for it.
  const Action& before_last = p.actions[p.actions.size() - 2];
  EXPECT_EQ(before_last.final_from.at(0) % kParameterBlock, 0);
  EXPECT_GT(before_last.final_from.at(0), 0);
  EXPECT_LT(before_last.final_from.at(0), layout_.padded_elements() / 4);
}

TEST_F(PlanTest, HasNoSpareGradientsOfTheResidualStream) {
  const Plan p = plan({});
  const auto gradients = std::count_if(p.buffers.begin(), p.buffers.end(),
                                       [](const PlannedBuffer& b) { return b.what.starts_with("gradient of"); });
  // Per block: qkv, attention, ln_1, ln_2 outputs, and one that the two norms and their branches write over in turn;
  // that one comes down from the head's input.
  EXPECT_LE(gradients, 3 * 4 + 2);
}

// Two embeddings whose sum is normalised: both gradients are one, and backward of an embedding with dropout loses it.
Graph sum_of_embeddings(float dropout) {
  constexpr int64_t B = 2, T = 3, V = 7, C = 8;
  const auto embedding = [&](const std::string& name, uint32_t number) {
    return std::make_unique<Embedding>(
        EmbeddingOptions{name, name + ".positions", V, C, T, DType::f32, 0.02f, dropout, number});
  };
  Graph graph;
  const ValueId tokens = graph.add_input("tokens", {DType::i32, {B, T}});
  const ValueId targets = graph.add_input("targets", {DType::i32, {B, T}});
  const ValueId a = graph.add("a", embedding("a", 0), {tokens})[0], b = graph.add("b", embedding("b", 1), {tokens})[0];
  const ValueId y = graph.add("norm", std::make_unique<Norm>(NormOptions{.name = "norm", .C = C}), {a, b})[1];
  graph.set_loss(
      graph.add("head", std::make_unique<LanguageModelHead>(LanguageModelHeadOptions{"head", V, C}), {y, targets}));
  return graph;
}

TEST_F(PlanTest, AGradientThatOneReaderLosesIsCopiedForIt) {
  for (const float dropout : {0.0f, 0.25f}) {
    const Graph graph = sum_of_embeddings(dropout);
    const Plan p = make_plan(graph, ParameterLayout(graph, 1), device_->ops(), {});
    const auto copies = std::ranges::count(p.actions, ActionKind::copy_gradient, &Action::kind);
    EXPECT_EQ(copies, dropout > 0 ? 1 : 0);  // the first to run backward gets a copy, the last the memory itself
    std::vector<int> given;
    for (const Action& action : p.actions)
      if (action.kind == ActionKind::backward && graph.nodes()[static_cast<size_t>(action.node)].name.size() == 1)
        given.push_back(action.output_gradients[0].buffer);
    ASSERT_EQ(given.size(), 2u);
    EXPECT_EQ(given[0] == given[1], dropout == 0);
  }
}

TEST_F(PlanTest, AnOperatorThatTheDeviceLacksIsNamedWithItsLayer) {
  struct NoOps final : Ops {
    NoOps() : Ops("bare") {}
  } none;
  try {
    make_plan(graph_, layout_, none, {});
    FAIL() << "planned without operators";
  } catch (const ConfigError& error) {
    EXPECT_STREQ(error.what(),
                 "layer transformer.wte: device bare has no EmbeddingForward; choose another device or another layer");
  }
}

}  // namespace
}  // namespace convoy
