#include "launcher/signals.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

namespace convoy {
namespace {

// To the process, as other programs send signals; it arrives on another thread.
void send(int signal) { ::kill(::getpid(), signal); }

// The first poll that asks for something; nothing after ten seconds.
StopRequest next_request(Signals& signals) {
  StopRequest request = signals.poll();
  for (int i = 0; i < 10000 && !request.save && !request.stop; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    request = signals.poll();
  }
  return request;
}

bool is_blocked_here(int signal) {
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  return sigismember(&mask, signal) == 1;
}

TEST(Signals, NothingIsAskedForWithoutOne) {
  Signals signals;
  const StopRequest request = signals.poll();
  EXPECT_FALSE(request.save);
  EXPECT_FALSE(request.stop);
}

TEST(Signals, Usr1SavesOnce) {
  Signals signals;
  send(SIGUSR1);
  const StopRequest request = next_request(signals);
  EXPECT_TRUE(request.save);
  EXPECT_FALSE(request.stop);
  EXPECT_FALSE(signals.poll().save);
}

TEST(Signals, TermSavesAndStopsForGood) {
  Signals signals;
  send(SIGTERM);
  EXPECT_TRUE(next_request(signals).save);
  EXPECT_TRUE(signals.poll().stop);
}

TEST(Signals, IntAndUsr2SaveAndStop) {
  for (const int signal : {SIGINT, SIGUSR2}) {
    Signals signals;
    send(signal);
    EXPECT_TRUE(next_request(signals).save) << signal;
    EXPECT_TRUE(signals.poll().stop) << signal;
  }
}

// While they multiply, their stack register points where no handler may write.
TEST(Signals, DoNotReachTheThreadsThatCompute) {
  for (const int signal : {SIGUSR1, SIGUSR2, SIGTERM, SIGINT}) {
    EXPECT_FALSE(is_blocked_here(signal));
    {
      Signals signals;
      EXPECT_TRUE(is_blocked_here(signal));
      std::thread([&] { EXPECT_TRUE(is_blocked_here(signal)) << "in a thread begun later"; }).join();
    }
    EXPECT_FALSE(is_blocked_here(signal)) << "afterwards";
  }
}

TEST(SignalsDeathTest, ASecondIntExitsAtOnce) {
  EXPECT_EXIT(
      {
        Signals signals;
        send(SIGINT);
        next_request(signals);
        send(SIGINT);
        std::this_thread::sleep_for(std::chrono::seconds(10));
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
