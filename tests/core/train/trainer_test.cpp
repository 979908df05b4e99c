// Whole runs of a small model on ranks that are threads: what may not change a bit, does not.
#include <gtest/gtest.h>

#include <numeric>

#include "tests/support/toy_run.h"

namespace convoy {
namespace {

using test::toy_config;
using test::toy_run;
using test::ToyResult;

void expect_equal_bits(const ToyResult& a, const ToyResult& b) {
  EXPECT_EQ(a.losses, b.losses);
  EXPECT_EQ(a.grad_norms, b.grad_norms);
  EXPECT_TRUE(a.weights == b.weights) << "weights differ";
  ASSERT_EQ(a.evaluations.size(), b.evaluations.size());
  for (size_t i = 0; i < a.evaluations.size(); ++i) EXPECT_EQ(a.evaluations[i].loss, b.evaluations[i].loss);
}

TEST(Trainer, TheRankCountChangesNoBit) {
  for (const Precision precision : {Precision::f32, Precision::bf16})
    for (const double dropout : {0.0, 0.2}) {
      Config config = toy_config();
      config.precision = precision;
      config.model.dropout = dropout;
      const ToyResult one = toy_run(config, 1);
      for (const int ranks : {2, 4}) {
        SCOPED_TRACE(testing::Message() << ranks << " ranks, dropout " << dropout);
        expect_equal_bits(one, toy_run(config, ranks));
      }
    }
}

TEST(Trainer, BucketsAndRecomputationChangeNoBit) {
  Config config = toy_config();
  const ToyResult expected = toy_run(config, 2);
  config.parallel.bucket_bytes = 1 << 20;
  expect_equal_bits(expected, toy_run(config, 2));
  config.train.recompute = Recompute::block;
  expect_equal_bits(expected, toy_run(config, 2));
}

TEST(Trainer, Learns) {
  Config config = toy_config();
  config.train.steps = 400;
  config.optimizer.lr = 1e-2;
  const ToyResult result = toy_run(config, 1);
  EXPECT_GT(result.losses.front(), 3.0);  // log 29 = 3.37
  EXPECT_LT(result.losses.back(), 1.0);
}

TEST(Trainer, EvaluatesAtTheEndAndWhenDue) {
  Config config = toy_config();
  config.evaluate.every_steps = 5;
  const ToyResult result = toy_run(config, 1);
  ASSERT_EQ(result.evaluations.size(), 3u);
  EXPECT_EQ(result.evaluations[0].step, 5);
  EXPECT_EQ(result.evaluations[1].step, 10);
  EXPECT_EQ(result.evaluations[2].step, 12);
  EXPECT_EQ(result.evaluations[2].tokens, 5 * 2 * 12);
}

TEST(Trainer, AllocatesNothingAfterTheFirstStepAndExactlyWhatWasPlanned) {
  for (const int ranks : {1, 2}) {
    const ToyResult result = toy_run(toy_config(), ranks);
    EXPECT_EQ(result.allocations_after_first_step, 0);
    EXPECT_EQ(result.allocated_bytes, result.planned_bytes);
  }
}

}  // namespace
}  // namespace convoy
