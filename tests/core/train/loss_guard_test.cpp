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
  EXPECT_EQ(finding->action, LossGuard::Action::tell);
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
  EXPECT_EQ(finding->action, LossGuard::Action::stop);
  EXPECT_NE(finding->message.find("steps 104 to 106"), std::string::npos) << finding->message;
}

// Losses of many digits, so that sums in another order would have other bits.
double loss_at(int64_t step) {
  return 2 + 1.0 / static_cast<double>(1 + step * 7919 % 31) + (step % 23 == 0 ? 0.9 : 0.0);
}

TEST(LossGuard, OneThatTakesOverFindsTheSame) {
  const LossGuardOptions options{.spike_sigma = 2, .window_steps = 7};
  for (int64_t resumed = 0; resumed < 40; ++resumed) {
    LossGuard whole(options), first(options), second(options);
    for (int64_t step = 1; step <= 60; ++step) {
      if (step == resumed + 1) second.take_over(first.state());
      const auto expected = whole.look(step, loss_at(step), step % 9 == 0);
      const auto found = (step <= resumed ? first : second).look(step, loss_at(step), step % 9 == 0);
      ASSERT_EQ(found.has_value(), expected.has_value()) << resumed << " " << step;
      EXPECT_EQ(found ? found->message : "", expected ? expected->message : "");
    }
    EXPECT_EQ(second.state(), whole.state());
    EXPECT_EQ(second.state().skipped_steps, 6);
    EXPECT_EQ(second.state().losses.size(), 7u);
  }
}

TEST(LossGuard, AShorterWindowKeepsTheNewestLosses) {
  LossGuard guard({.spike_sigma = 3, .window_steps = 3});
  guard.take_over(filled(3).state());
  guard.look(11, 5, false);
  EXPECT_EQ(guard.state().losses, (std::vector<double>{4, 2, 5}));
}

TEST(LossGuard, ASpikeAsksForARollbackUntilThereWereTooMany) {
  LossGuard guard({.spike_sigma = 3, .window_steps = 10, .rollback = true, .max_rollbacks = 2});
  for (const int64_t rollbacks : {0, 1, 2}) {
    GuardState state = filled(3).state();
    state.rollbacks = rollbacks;
    guard.take_over(state);
    const auto finding = guard.look(11, 7, false);
    ASSERT_TRUE(finding.has_value());
    EXPECT_EQ(finding->action, rollbacks < 2 ? LossGuard::Action::roll_back : LossGuard::Action::stop);
    const bool says = finding->message.find("would be rollback 3, at most 2 are allowed") != std::string::npos;
    EXPECT_EQ(says, rollbacks == 2) << finding->message;
  }
}

}  // namespace
}  // namespace convoy
