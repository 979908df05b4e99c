#include "launcher/signals.h"

#include <gtest/gtest.h>

#include <csignal>

namespace convoy {
namespace {

TEST(Signals, NothingIsAskedForWithoutOne) {
  Signals signals;
  const StopRequest request = signals.poll();
  EXPECT_FALSE(request.save);
  EXPECT_FALSE(request.stop);
}

TEST(Signals, Usr1SavesOnce) {
  Signals signals;
  std::raise(SIGUSR1);
  const StopRequest request = signals.poll();
  EXPECT_TRUE(request.save);
  EXPECT_FALSE(request.stop);
  EXPECT_FALSE(signals.poll().save);
}

TEST(Signals, TermSavesAndStopsForGood) {
  Signals signals;
  std::raise(SIGTERM);
  EXPECT_TRUE(signals.poll().save);
  EXPECT_TRUE(signals.poll().stop);
}

TEST(Signals, IntSavesAndStops) {
  Signals signals;
  std::raise(SIGINT);
  const StopRequest request = signals.poll();
  EXPECT_TRUE(request.save);
  EXPECT_TRUE(request.stop);
}

TEST(SignalsDeathTest, ASecondIntExitsAtOnce) {
  EXPECT_EXIT(
      {
        Signals signals;
        std::raise(SIGINT);
        std::raise(SIGINT);
      },
      testing::ExitedWithCode(130), "interrupted twice");
}

TEST(SignalsDeathTest, AfterwardsSignalsDoWhatTheyDidBefore) {
  EXPECT_EXIT(
      {
        { Signals signals; }
        std::raise(SIGTERM);
      },
      testing::KilledBySignal(SIGTERM), "");
}

}  // namespace
}  // namespace convoy
