#include "core/train/loss_guard.h"

#include <gtest/gtest.h>

#include <limits>

namespace convoy {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Fills a window of 10 with losses 2 and 4 in turn: mean 3, standard deviation sqrt(10 / 9) = 1.054.
LossGuard filled(double sigma) {
  LossGuard guard({.spike_sigma = sigma, .window_steps = 10});
  for (int64_t step = 1; step <= 10; ++step) EXPECT_FALSE(guard.look(step, step % 2 == 0 ? 2 : 4, false)) << step;
  return guard;
}

TEST(LossGuard, ASpikeIsWhatIsBeyondSoManySigma) {
  EXPECT_FALSE(filled(3).look(11, 3 + 3 * 1.05, false));
  const auto finding = filled(3).look(11, 3 + 3 * 1.06, false);
  ASSERT_TRUE(finding.has_value());
  EXPECT_TRUE(finding->spike);
  EXPECT_FALSE(finding->stop);
  EXPECT_NE(finding->message.find("step 11: loss 6.18"), std::string::npos) << finding->message;
  EXPECT_NE(finding->message.find("mean 3.0000"), std::string::npos) << finding->message;
}

TEST(LossGuard, AFallIsNoSpikeAndOffIsOff) {
  EXPECT_FALSE(filled(3).look(11, -100, false));
  EXPECT_FALSE(filled(0).look(11, 1e9, false));
}

TEST(LossGuard, NothingIsSaidBeforeTheWindowIsFull) {
  LossGuard guard({.spike_sigma = 3, .window_steps = 10});
  for (int64_t step = 1; step <= 9; ++step) EXPECT_FALSE(guard.look(step, 1, false));
  EXPECT_FALSE(guard.look(10, 1000, false));
}

TEST(LossGuard, EqualLossesAreNotMadeIntoSpikesByTheLastDigit) {
  LossGuard guard({.spike_sigma = 6, .window_steps = 4});
  for (int64_t step = 1; step <= 4; ++step) guard.look(step, 2, false);
  EXPECT_FALSE(guard.look(5, 2.001, false));
  EXPECT_TRUE(guard.look(6, 2.1, false));
}

TEST(LossGuard, ANewLevelBecomesTheUsualOne) {
  LossGuard guard = filled(3);
  int64_t spikes = 0;
  for (int64_t step = 11; step <= 60; ++step) spikes += guard.look(step, 20 + step % 2, false) ? 1 : 0;
  EXPECT_GE(spikes, 1);
  EXPECT_LE(spikes, 10);
}

TEST(LossGuard, LossesThatAreNotFiniteDoNotEnterTheWindow) {
  LossGuard guard = filled(3);
  EXPECT_FALSE(guard.look(11, kNaN, true));
  EXPECT_FALSE(guard.look(12, std::numeric_limits<double>::infinity(), true));
  EXPECT_TRUE(guard.look(13, 7, false)) << "the window still is what it was";
}

TEST(LossGuard, SkippedStepsInARowEndTheRun) {
  LossGuard guard({.max_skipped_steps = 3});
  for (const bool skipped : {true, true, false, true, true}) EXPECT_FALSE(guard.look(1, 1, skipped));
  const auto finding = guard.look(106, kNaN, true);
  ASSERT_TRUE(finding.has_value());
  EXPECT_TRUE(finding->stop);
  EXPECT_NE(finding->message.find("steps 104 to 106"), std::string::npos) << finding->message;
}

}  // namespace
}  // namespace convoy
