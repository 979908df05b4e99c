// Threads that share loops: every piece is done once, whoever comes or does not come.
#include "kernels/cpu/team.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <time.h>

#include <array>
#include <thread>

#include "kernels/cpu/parallel.h"

namespace convoy::cpu {
namespace {

class TeamOf {
 public:
  explicit TeamOf(int threads) { Team::resize(threads); }
  ~TeamOf() { Team::resize(before_); }
  TeamOf(const TeamOf&) = delete;
  TeamOf& operator=(const TeamOf&) = delete;

 private:
  int before_ = Team::size();
};

double processor_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Longer than anybody spins.
void wait_a_while() { std::this_thread::sleep_for(std::chrono::milliseconds(2)); }

TEST(Team, EveryPieceIsDoneOnceHoweverTheThreadsWait) {
  for (const int threads : {1, 2, 3, 8}) {
    const TeamOf team(threads);
    EXPECT_EQ(Team::size(), threads);
    std::vector<int> done(1000);
    for (int round = 1; round <= 300; ++round) {
      parallel_for(static_cast<int64_t>(done.size()), [&](int64_t piece) { ++done[static_cast<size_t>(piece)]; });
      if (round % 50 == 0) wait_a_while();  // they sleep by now
      for (const int times : done) ASSERT_EQ(times, round) << threads << " threads";
    }
  }
}

TEST(Team, ThreadsTakePart) {
  const TeamOf team(3);
  std::array<std::atomic<int>, 3> came{};
  // Until all have come: the caller does not return before.
  Team::run([&](int thread) {
    ++came[static_cast<size_t>(thread)];
    while (thread == 0 && (came[1] == 0 || came[2] == 0)) std::this_thread::yield();
  });
  for (const auto& times : came) EXPECT_EQ(times, 1);
}

TEST(Team, WhoHasBegunIsWaitedForAlsoAsleep) {
  const TeamOf team(2);
  std::atomic<bool> begun = false, ended = false;
  Team::run([&](int thread) {
    if (thread == 0) {
      while (!begun) std::this_thread::yield();
      return;
    }
    begun = true;
    wait_a_while();
    ended = true;
  });
  EXPECT_TRUE(ended);
}

TEST(Team, WhoComesTooLateIsNotWaitedFor) {
  const TeamOf team(2);
  int rounds = 0;
  for (int i = 0; i < 1000; ++i)
    Team::run([&](int thread) {
      if (thread == 0) ++rounds;
    });
  EXPECT_EQ(rounds, 1000);
}

TEST(Team, InsideOfItEachIsAlone) {
  const TeamOf team(2);
  std::atomic<int> inner = 0;
  parallel_for(4, [&](int64_t) { parallel_for(10, [&](int64_t) { ++inner; }); });
  EXPECT_EQ(inner, 40);
}

TEST(Team, EachThreadHasItsOwn) {
  const TeamOf team(2);
  std::thread([] {
    Team::resize(3);
    EXPECT_EQ(Team::size(), 3);
    std::atomic<int> done = 0;
    parallel_for(100, [&](int64_t) { ++done; });
    EXPECT_EQ(done, 100);
  }).join();
  EXPECT_EQ(Team::size(), 2);
}

// What a quota or a busy neighbour would have to pay for. Processor time, not the clock: it holds on any machine.
TEST(Team, ThreadsWithoutWorkSleep) {
  const TeamOf team(4);
  parallel_for(100, [](int64_t) {});
  wait_a_while();
  const double before = processor_seconds();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_LT(processor_seconds() - before, 0.05);
}

TEST(Team, WhoWaitsForAnotherSleeps) {
  const TeamOf team(2);
  std::atomic<bool> begun = false;
  const double before = processor_seconds();
  Team::run([&](int thread) {
    while (thread == 0 && !begun) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (thread == 0) return;
    begun = true;
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
  });
  EXPECT_LT(processor_seconds() - before, 0.05);
}

}  // namespace
}  // namespace convoy::cpu
