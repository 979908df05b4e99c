#include <gtest/gtest.h>

#include <cmath>

#include "core/optimizer/schedule_kinds.h"
#include "core/optimizer/schedule_makers.h"
#include "tests/support/reference_file.h"

namespace convoy {
namespace {

// At a step of 110, peak 1.
double rate(const Maker<Schedule>& maker, int64_t step, double peak = 1, int64_t steps = 110) {
  return maker.make()->learning_rate(step, {peak, steps}, {});
}

template <class Maker>
Maker warmed_up(int64_t warmup_steps) {
  Maker maker;
  maker.warmup_steps = warmup_steps;
  return maker;
}

TEST(Schedules, WarmUpLinearly) {
  const auto expect = [](const Maker<Schedule>& maker) {
    EXPECT_DOUBLE_EQ(rate(maker, 1), 0.1);
    EXPECT_DOUBLE_EQ(rate(maker, 5), 0.5);
    EXPECT_DOUBLE_EQ(rate(maker, 10), 1.0);
  };
  expect(warmed_up<ConstantMaker>(10));
  expect(warmed_up<CosineMaker>(10));
  expect(warmed_up<LinearMaker>(10));
  expect(warmed_up<StepMaker>(10));
  expect(warmed_up<WarmupStableDecayMaker>(10));
  expect(warmed_up<PlateauMaker>(10));
}

TEST(Schedules, CosineGoesToItsFinalRatio) {
  const auto cosine = warmed_up<CosineMaker>(10);
  EXPECT_NEAR(rate(cosine, 60), 0.55, 1e-12);
  EXPECT_NEAR(rate(cosine, 110), 0.1, 1e-12);
  EXPECT_NEAR(rate(cosine, 500), 0.1, 1e-12);
  EXPECT_LE(rate(warmed_up<CosineMaker>(0), 1, 2.0), 2.0);
}

TEST(Schedules, ConstantStaysAndMayStartWithoutWarmUp) {
  EXPECT_DOUBLE_EQ(rate(warmed_up<ConstantMaker>(0), 77, 2.0), 2.0);
}

TEST(Schedules, LinearIsALineToItsFinalRatio) {
  const auto linear = warmed_up<LinearMaker>(10);
  EXPECT_NEAR(rate(linear, 35), 0.775, 1e-12);
  EXPECT_NEAR(rate(linear, 60), 0.55, 1e-12);
  EXPECT_NEAR(rate(linear, 110), 0.1, 1e-12);
}

TEST(Schedules, WarmUpStableDecayDecaysInItsLastSteps) {
  auto schedule = warmed_up<WarmupStableDecayMaker>(10);
  for (const int64_t step : {10, 50, 99}) EXPECT_DOUBLE_EQ(rate(schedule, step), 1) << step;  // a tenth is 11 steps
  EXPECT_LT(rate(schedule, 100), 1);
  schedule.decay_steps.value = 50;
  EXPECT_DOUBLE_EQ(rate(schedule, 60), 1);
  EXPECT_NEAR(rate(schedule, 85), 0.55, 1e-12);
  EXPECT_NEAR(rate(schedule, 110), 0.1, 1e-12);
  schedule.decay_steps.value = 1000;  // all behind the warm-up
  EXPECT_NEAR(rate(schedule, 60), 0.55, 1e-12);
}

class ScheduleReference : public ::testing::Test {
 protected:
  void expect(const Maker<Schedule>& maker, const std::string& name) const {
    const std::vector<double> wanted = file_.doubles(name + "/rates");
    for (size_t i = 0; i < wanted.size(); ++i)
      EXPECT_NEAR(rate(maker, static_cast<int64_t>(i) + 1, 1, static_cast<int64_t>(wanted.size())), wanted[i],
                  1e-12 * wanted[i])
          << name << ", step " << i + 1;
  }
  test::ReferenceFile file_{test::reference_path("optimizers.h5")};
};

TEST_F(ScheduleReference, StepIsPyTorchs) {
  auto step = warmed_up<StepMaker>(0);
  step.every_steps = 7, step.factor = 0.5;
  expect(step, "step");
}

TEST_F(ScheduleReference, OneCycleIsPyTorchs) { expect(OneCycleMaker{}, "one_cycle"); }

TEST_F(ScheduleReference, PlateauIsPyTorchs) {
  auto keys = warmed_up<PlateauMaker>(0);
  keys.factor = 0.5, keys.patience = 2;
  const std::unique_ptr<Schedule> plateau = keys.make();
  EXPECT_TRUE(plateau->follows_evaluations());
  const std::vector<double> losses = file_.doubles("plateau/losses"), rates = file_.doubles("plateau/rates");
  ScheduleState state;
  for (size_t i = 0; i < losses.size(); ++i) {
    EXPECT_DOUBLE_EQ(plateau->learning_rate(static_cast<int64_t>(i) + 1, {1, 30}, state), rates[i])
        << "evaluation " << i;
    plateau->evaluated(losses[i], state);
    for (const auto& [name, value] : state) EXPECT_TRUE(std::isfinite(value)) << name;
  }
}

}  // namespace
}  // namespace convoy
