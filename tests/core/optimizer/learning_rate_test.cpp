#include "core/optimizer/learning_rate.h"

#include <gtest/gtest.h>

namespace convoy {
namespace {

const ScheduleConfig kCosine{.name = "cosine", .warmup_steps = 10, .final_ratio = 0.1};

TEST(LearningRate, WarmsUpLinearly) {
  EXPECT_DOUBLE_EQ(learning_rate(kCosine, 1.0, 1, 110), 0.1);
  EXPECT_DOUBLE_EQ(learning_rate(kCosine, 1.0, 5, 110), 0.5);
  EXPECT_DOUBLE_EQ(learning_rate(kCosine, 1.0, 10, 110), 1.0);
}

TEST(LearningRate, FollowsTheCosineToItsFinalRatio) {
  EXPECT_NEAR(learning_rate(kCosine, 1.0, 60, 110), 0.55, 1e-12);
  EXPECT_NEAR(learning_rate(kCosine, 1.0, 110, 110), 0.1, 1e-12);
  EXPECT_NEAR(learning_rate(kCosine, 1.0, 500, 110), 0.1, 1e-12);
}

TEST(LearningRate, MayStayConstantAndMayStartWithoutWarmUp) {
  EXPECT_DOUBLE_EQ(learning_rate({.name = "constant", .warmup_steps = 0}, 2.0, 77, 110), 2.0);
  EXPECT_LE(learning_rate({.name = "cosine", .warmup_steps = 0}, 2.0, 1, 110), 2.0);
}

}  // namespace
}  // namespace convoy
