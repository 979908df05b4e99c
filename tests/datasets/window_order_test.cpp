#include "datasets/window_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <utility>

namespace convoy {
namespace {

constexpr int64_t kWindow = 8;

std::vector<Window> epoch_of(const WindowOrder& order, int64_t epoch) {
  std::vector<Window> windows;
  for (int64_t i = 0; i < order.samples(); ++i) windows.push_back(order[epoch * order.samples() + i]);
  return windows;
}

TEST(WindowOrder, CountsTheWindowsThatFit) {
  for (const Split split : {Split::train, Split::validation}) {
    EXPECT_EQ(WindowOrder(split, {kWindow}, kWindow, 1).samples(), 0);
    EXPECT_EQ(WindowOrder(split, {kWindow + 1}, kWindow, 1).samples(), 1);
    EXPECT_EQ(WindowOrder(split, {2 * kWindow}, kWindow, 1).samples(), 1);
    EXPECT_EQ(WindowOrder(split, {}, kWindow, 1).samples(), 0);
    EXPECT_EQ(WindowOrder(split, {kWindow, kWindow + 1, kWindow, kWindow + 1}, kWindow, 1).samples(), 2);
  }
  EXPECT_EQ(WindowOrder(Split::validation, {2 * kWindow + 1}, kWindow, 1).samples(), 2);
  EXPECT_EQ(WindowOrder(Split::validation, {100 * kWindow + 1}, kWindow, 1).samples(), 100);
  EXPECT_EQ(WindowOrder(Split::train, {3 * kWindow}, kWindow, 1).samples(), 2);
  EXPECT_EQ(WindowOrder(Split::train, {100 * kWindow}, kWindow, 1).samples(), 99);
}

TEST(WindowOrder, AShardOfOneWindowGivesThatWindow) {
  const WindowOrder order(Split::train, {kWindow, kWindow + 1}, kWindow, 9);
  for (int64_t i = 0; i < 20; ++i) EXPECT_EQ(order[i], (Window{1, 0}));
}

// Every epoch: inside the shards, no token predicted twice, and all windows there.
TEST(WindowOrder, WindowsStayInsideTheirShardAndDoNotOverlap) {
  const std::vector<int64_t> shards = {100, kWindow + 1, 3, 57, 2 * kWindow - 1, 64};
  const WindowOrder order(Split::train, shards, kWindow, 4);
  for (int64_t epoch = 0; epoch < 50; ++epoch) {
    std::set<std::pair<size_t, int64_t>> targets;
    for (const Window& window : epoch_of(order, epoch)) {
      ASSERT_GE(window.begin, 0);
      ASSERT_LE(window.begin + kWindow + 1, shards[window.shard]);
      for (int64_t i = 1; i <= kWindow; ++i) ASSERT_TRUE(targets.emplace(window.shard, window.begin + i).second);
    }
    EXPECT_EQ(static_cast<int64_t>(targets.size()), order.samples() * kWindow);
  }
}

TEST(WindowOrder, EpochsSeeOtherCuts) {
  const WindowOrder order(Split::train, {1000}, kWindow, 4);
  std::set<int64_t> offsets;
  for (int64_t epoch = 0; epoch < 200; ++epoch) offsets.insert(order[epoch * order.samples()].begin % kWindow);
  EXPECT_EQ(offsets.size(), static_cast<size_t>(kWindow)) << "all offsets come up";
  EXPECT_NE(epoch_of(order, 0), epoch_of(order, 1));
}

TEST(WindowOrder, DependsOnTheSeedAlone) {
  const WindowOrder a(Split::train, {1000, 500}, kWindow, 4), b(Split::train, {1000, 500}, kWindow, 4),
      c(Split::train, {1000, 500}, kWindow, 5);
  EXPECT_EQ(epoch_of(a, 3), epoch_of(b, 3));
  EXPECT_NE(epoch_of(a, 3), epoch_of(c, 3));
}

TEST(WindowOrder, ValidationIsTheSameForAllSeedsAndEpochsAndCoversAll) {
  const std::vector<int64_t> shards = {1000, 3, 500};
  const WindowOrder order(Split::validation, shards, kWindow, 4);
  EXPECT_EQ(epoch_of(order, 0), epoch_of(order, 7));
  EXPECT_EQ(epoch_of(order, 0), epoch_of(WindowOrder(Split::validation, shards, kWindow, 5), 0));
  std::set<std::pair<size_t, int64_t>> windows;
  for (const Window& window : epoch_of(order, 0)) {
    EXPECT_EQ(window.begin % kWindow, 0);
    EXPECT_LE(window.begin + kWindow + 1, shards[window.shard]);
    windows.emplace(window.shard, window.begin);
  }
  EXPECT_EQ(static_cast<int64_t>(windows.size()), order.samples());
}

// However few validation samples are asked for, no long stretch of the split is left out.
TEST(WindowOrder, TheFirstValidationSamplesAreEvenlySpread) {
  for (const int64_t samples : {1000, 4096, 99991}) {
    const WindowOrder order(Split::validation, {samples * kWindow + 1}, kWindow, 4);
    for (const int64_t asked : {5, 20, 160}) {
      std::vector<int64_t> begins = {0, samples * kWindow};
      for (int64_t i = 0; i < asked; ++i) begins.push_back(order[i].begin);
      std::sort(begins.begin(), begins.end());
      int64_t gap = 0;
      for (size_t i = 1; i < begins.size(); ++i) gap = std::max(gap, begins[i] - begins[i - 1]);
      EXPECT_LT(gap, 3 * samples * kWindow / asked) << asked << " of " << samples;
    }
  }
}

}  // namespace
}  // namespace convoy
