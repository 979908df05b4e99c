#include "launcher/signals.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
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

// As a batch system, an administrator, a closed ssh session and a failing power supply send them.
TEST(Signals, WhateverAsksForTheEndSavesAndStops) {
  for (const int signal : {SIGINT, SIGUSR2, SIGHUP, SIGXCPU, SIGPWR}) {
    Signals signals;
    send(signal);
    EXPECT_TRUE(next_request(signals).save) << strsignal(signal);
    EXPECT_TRUE(signals.poll().stop) << strsignal(signal);
  }
}

TEST(Signals, UnderNohupHupStaysIgnored) {
  std::signal(SIGHUP, SIG_IGN);
  {
    Signals signals;
    send(SIGHUP);
    send(SIGUSR1);  // arrives behind it
    EXPECT_FALSE(next_request(signals).stop);
  }
  EXPECT_EQ(std::signal(SIGHUP, SIG_DFL), SIG_IGN);
}

[[noreturn]] void write_where_it_fails() {
  survive_failed_writes();
  std::array<int, 2> pipe{};
  if (::pipe(pipe.data()) != 0) std::_Exit(1);
  ::close(pipe[0]);
  const bool closed = ::write(pipe[1], "x", 1) < 0 && errno == EPIPE;
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_FSIZE, &none);
  const int file = ::open(testing::TempDir().c_str(), O_TMPFILE | O_WRONLY, 0600);
  const bool too_large = file < 0 || (::write(file, "x", 1) < 0 && errno == EFBIG);
  Signals signals;
  for (const int signal : {SIGPIPE, SIGXFSZ, SIGUSR1}) send(signal);
  const bool stopped = next_request(signals).stop;
  std::_Exit(closed && too_large && !stopped ? 0 : 2);
}

TEST(SignalsDeathTest, AWriteThatFailsEndsNothing) {
  EXPECT_EXIT(write_where_it_fails(), testing::ExitedWithCode(0), "");
}

// A timer's or a descriptor's, which only the process itself sets up, and what makes a core on purpose.
TEST(SignalsDeathTest, TheOthersEndTheProcessAsEver) {
  for (const int signal : {SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGSTKFLT, SIGRTMIN, SIGRTMAX, SIGQUIT, SIGTRAP})
    EXPECT_EXIT(
        {
          Signals signals;
          send(signal);
          std::this_thread::sleep_for(std::chrono::seconds(10));
        },
        testing::KilledBySignal(signal), "")
        << strsignal(signal);
}

// While they multiply, their stack register points where no handler may write.
TEST(Signals, DoNotReachTheThreadsThatCompute) {
  for (const int signal : {SIGUSR1, SIGUSR2, SIGTERM, SIGINT, SIGHUP, SIGXCPU, SIGPWR}) {
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
