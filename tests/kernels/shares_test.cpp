// Shares of a loop: every piece is done once, whoever comes and however fast, and neighbours by one thread.
#include "kernels/cpu/shares.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <thread>
#include <vector>

namespace convoy::test {
namespace {

std::vector<int64_t> take_all(cpu::Shares& shares, int thread) {
  std::vector<int64_t> taken;
  for (int64_t piece; (piece = shares.take(thread)) >= 0;) taken.push_back(piece);
  return taken;
}

TEST(Shares, AreRunsOfNeighboursInOrder) {
  cpu::Shares shares(10, 2);
  for (int64_t piece = 0; piece < 5; ++piece) {
    EXPECT_EQ(shares.likely_next(0), piece);
    EXPECT_EQ(shares.take(0), piece);
    EXPECT_EQ(shares.likely_next(1), 5 + piece);
    EXPECT_EQ(shares.take(1), 5 + piece);
  }
  EXPECT_EQ(shares.likely_next(0), -1);
  EXPECT_EQ(shares.take(0), -1);
  EXPECT_EQ(shares.take(1), -1);
}

TEST(Shares, WhoIsThroughTakesTheLastOfTheLongest) {
  cpu::Shares shares(12, 3);  // 0 to 3, 4 to 7, 8 to 11
  for (int i = 0; i < 4; ++i) shares.take(0);
  shares.take(1);
  EXPECT_EQ(shares.take(0), 11);
  shares.take(2);
  EXPECT_EQ(shares.take(0), 7);
  EXPECT_EQ(shares.take(1), 5);
  EXPECT_EQ(shares.take(2), 9);
}

TEST(Shares, OfThreadsThatNeverComeAreTaken) {
  for (const int threads : {1, 2, 7, cpu::Shares::kMost, 1000})
    for (const int64_t pieces : {0, 1, 5, 64, 1001}) {
      cpu::Shares shares(pieces, threads);
      std::vector<int64_t> taken = take_all(shares, threads - 1);
      std::sort(taken.begin(), taken.end());
      std::vector<int64_t> all(static_cast<size_t>(pieces));
      std::iota(all.begin(), all.end(), 0);
      EXPECT_EQ(taken, all) << threads << " threads";
      shares.reset(3, 1);
      EXPECT_EQ(take_all(shares, 0), (std::vector<int64_t>{0, 1, 2}));
    }
}

TEST(Shares, EveryPieceIsTakenOnceByThreadsAtTheSameTime) {
  constexpr int64_t kPieces = 20000;
  for (const int threads : {2, 5}) {
    cpu::Shares shares(kPieces, threads);
    std::vector<std::vector<int64_t>> taken(static_cast<size_t>(threads));
    std::vector<std::thread> team;
    for (int thread = 0; thread < threads; ++thread)
      team.emplace_back([&, thread] { taken[static_cast<size_t>(thread)] = take_all(shares, thread); });
    for (std::thread& member : team) member.join();
    std::vector<int> times(kPieces);
    for (const std::vector<int64_t>& of_thread : taken)
      for (const int64_t piece : of_thread) ++times[static_cast<size_t>(piece)];
    EXPECT_EQ(times, std::vector<int>(kPieces, 1));
  }
}

}  // namespace
}  // namespace convoy::test
