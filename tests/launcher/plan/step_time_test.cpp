#include "launcher/plan/time/step_time.h"

#include <gtest/gtest.h>

#include "core/ops/cross_entropy.h"
#include "core/ops/norm.h"
#include "launcher/config/load_config.h"
#include "launcher/cuda_support.h"
#include "launcher/plan/plan_report.h"

namespace convoy {
namespace {

PlanReport timed(const std::string& card, int ranks, std::vector<std::string> overrides) {
  overrides.insert(overrides.begin(), {"data.path=there-is-no-data", "precision=bf16"});
  const PlanRequest request{.ranks = ranks, .ranks_per_node = 8, .for_card = true};
  const RunPlanner planner(override_config(Config(), overrides), request);
  const Card& found = find_card(card);
  return make_plan_report(planner, request, &found, [&](const OperatorTally&) { return rates_of(found); });
}

std::vector<std::string> gpt2(const std::string& preset, int64_t micro, int64_t global) {
  return {"model.preset=" + preset,
          "model.vocabulary=50257",
          "batch.micro=" + std::to_string(micro),
          "batch.global=" + std::to_string(global),
          "parallel.stage=1",
          "parallel.reproducible=false",
          "parallel.gradient_dtype=bf16"};
}

struct Published {
  std::string card;
  int ranks;
  std::vector<std::string> run;
  double seconds;  // of a step
};

// docs/time_model.md says where the figures are from.
TEST(StepTime, IsWithinAFifthOfPublishedRunsOfLlmC) {
  if (!cuda_support().in_build) GTEST_SKIP() << "this build has no CUDA operators to plan with";
  const std::vector<Published> rows{{"a100-80g", 8, gpt2("gpt2-124m", 64, 512), 0.276},
                                    {"a100-80g-pcie", 1, gpt2("gpt2-124m", 56, 448), 2.41},
                                    {"h100-80g", 8, gpt2("gpt2-124m", 64, 512), 0.142},
                                    {"h100-80g", 8, gpt2("gpt2-1558m", 16, 1024), 2.70}};
  for (const Published& row : rows) {
    const PlanReport report = timed(row.card, row.ranks, row.run);
    EXPECT_TRUE(report.time->unknown.empty()) << report.time->unknown.begin()->first;
    EXPECT_NEAR(report.time->step_s() / row.seconds, 1, 0.2)
        << row.card << ", " << row.ranks << " ranks, " << row.run[0] << ": " << report.time->step_s() << " s";
  }
}

TEST(StepTime, CountsWhatTheGraphCounts) {
  if (!cuda_support().in_build) GTEST_SKIP() << "this build has no CUDA operators to plan with";
  const PlanReport report = timed("h100", 1, gpt2("gpt2-124m", 4, 8));
  // The graph counts masked scores too, and a backward pass as twice the forward one.
  const double tokens = 8 * 1024, dense = 6 * (85.0e6 + 50257 * 768.0) * tokens;
  EXPECT_NEAR(report.time->products_flops / dense, 1, 0.01);
  EXPECT_NEAR(report.time->attention_flops / (12 * 7.0 * 768 * 1024 * tokens), 1, 0.01);
}

TEST(StepTime, GrowsWithTheBatchAndShrinksOnAFasterCard) {
  if (!cuda_support().in_build) GTEST_SKIP() << "this build has no CUDA operators to plan with";
  const double once = timed("a100", 1, gpt2("gpt2-124m", 8, 8)).time->step_s();
  const double twice = timed("a100", 1, gpt2("gpt2-124m", 8, 16)).time->step_s();
  EXPECT_GT(twice, 1.8 * once);
  EXPECT_LT(twice, 2 * once);
  EXPECT_LT(timed("h100", 1, gpt2("gpt2-124m", 8, 8)).time->step_s(), once);
}

TEST(CardRates, ProductsPayForTilesThatAreNotFull) {
  const CardRates rates = rates_of(find_card("h100"));
  const double full = product_time(rates, {8192, 8192, 4096, DType::bf16}, 0);
  EXPECT_NEAR(2.0 * 8192 * 8192 * 4096 / (full - rates.kernel_s) / rates.bf16_flops, 0.97, 0.03);
  EXPECT_GE(product_time(rates, {8192, 8193, 4096, DType::bf16}, 0), full);
  EXPECT_GT(product_time(rates, {128, 768, 768, DType::bf16}, 0), rates.kernel_s);
  // Short of work for all multiprocessors, k is split: still slower than a share of the card.
  EXPECT_LT(product_time(rates, {768, 768, 65536, DType::bf16}, 0), 3 * 2.0 * 768 * 768 * 65536 / rates.bf16_flops);
}

TEST(OperatorTally, SaysWhichOperatorsItDoesNotKnow) {
  struct Strange {};
  OperatorTally tally;
  const Strange strange;
  tally.observer()(typeid(Strange), &strange);
  EXPECT_TRUE(tally.works().empty());
  ASSERT_EQ(tally.unknown().size(), 1u);
  EXPECT_EQ(tally.unknown().begin()->second, 1);
}

TEST(OperatorWork, CountsBytesOfTensorsThatAreThere) {
  const Tensor logits{nullptr, DType::bf16, {10, 100}};
  CrossEntropy loss{.logits = logits};
  EXPECT_EQ(operator_work(typeid(loss), &loss)->at(0).bytes, 2000);
  loss.dlogits = logits;
  EXPECT_EQ(operator_work(typeid(loss), &loss)->at(0).bytes, 4000);
  const NormForward norm{.y = logits, .x = logits};
  EXPECT_EQ(operator_work(typeid(norm), &norm)->at(0).bytes, 4000);
}

}  // namespace
}  // namespace convoy
