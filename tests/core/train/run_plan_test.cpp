#include "core/train/run_plan.h"

#include <gtest/gtest.h>

#include "tests/support/toy_run.h"

namespace convoy {
namespace {

// The third step: whatever comes with the first or the last is no step's.
void expect_planned_traffic(const Config& config, int ranks, const test::ToyParts& parts = {}) {
  const test::ToyResult result = test::toy_run(config, ranks, parts);
  EXPECT_EQ(result.sent_bytes.at(2) - result.sent_bytes.at(1), result.planned_sent_bytes);
  EXPECT_EQ(result.planned_sent_bytes > 0, ranks > 1);
}

Config short_run() {
  Config config = test::toy_config();
  config.train.steps = 4;
  return config;
}

TEST(RunPlan, TellsTheBytesThatAStepSends) {
  for (const int ranks : {1, 2, 4})
    for (const int64_t stage : {0, 1, 2, 3})
      for (const int64_t global : {8, 16}) {
        SCOPED_TRACE(testing::Message() << "stage " << stage << ", " << ranks << " ranks, batch " << global);
        Config config = short_run();
        config.batch.global = global;
        config.parallel.stage = stage;
        expect_planned_traffic(config, ranks);
      }
}

TEST(RunPlan, TellsThemInGroupsRoundedAndWithTargetsThatDoNotCount) {
  Config config = short_run();
  config.batch.global = 8;
  config.parallel.gradient_dtype = GradientDType::bf16;
  for (const int64_t stage : {0, 2, 3}) {
    SCOPED_TRACE(testing::Message() << "stage " << stage);
    config.parallel.stage = stage;
    config.parallel.shard_ranks.value = 2;
    expect_planned_traffic(config, 4, {.ignored = [](int64_t, int64_t position) { return position == 3; }});
  }
  config.parallel.reproducible = false;
  config.parallel.gradient_dtype = GradientDType::f32;
  config.parallel.stage = 0;
  expect_planned_traffic(config, 4);
}

}  // namespace
}  // namespace convoy
