#include "datasets/row_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include "datasets/keyed_permutation.h"

namespace convoy {
namespace {

std::vector<int64_t> epoch_of(const RowOrder& order, int64_t epoch) {
  std::vector<int64_t> rows;
  for (int64_t i = 0; i < order.rows(); ++i) rows.push_back(order[epoch * order.rows() + i]);
  return rows;
}
void expect_permutation(std::vector<int64_t> rows) {
  std::sort(rows.begin(), rows.end());
  for (size_t i = 0; i < rows.size(); ++i) ASSERT_EQ(rows[i], static_cast<int64_t>(i));
}

// The order of datasets in one piece may never change: checkpoints go on with it.
TEST(RowOrder, WithoutWindowsOnePermutation) {
  for (const int64_t window_rows : {0, 100, 1000}) {
    const RowOrder order({40, 40, 20}, window_rows, 7);
    EXPECT_FALSE(order.has_windows());
    for (int64_t i = 0; i < 300; ++i) EXPECT_EQ(order[i], KeyedPermutation(7, i / 100, 100)(i % 100));
  }
}

TEST(RowOrder, ManySamplesAreThoseOneByOne) {
  for (const int64_t window_rows : {0, 25}) {
    const RowOrder order({10, 10, 10, 3, 10, 10, 4}, window_rows, 5);
    std::vector<int64_t> rows(150);  // of three epochs
    order.rows_of_samples(40, rows);
    for (size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(rows[i], order[40 + static_cast<int64_t>(i)]);
  }
}

TEST(RowOrder, EachEpochHasEveryRowOnce) {
  const RowOrder order({10, 10, 10, 3, 10, 10, 4}, 25, 5);
  EXPECT_TRUE(order.has_windows());
  for (int64_t epoch = 0; epoch < 4; ++epoch) expect_permutation(epoch_of(order, epoch));
  EXPECT_NE(epoch_of(order, 0), epoch_of(order, 1));
  EXPECT_NE(epoch_of(RowOrder({10, 10, 10, 3, 10, 10, 4}, 25, 6), 0), epoch_of(order, 0));
}

// So many rows in a row come from few blocks, and are mixed.
TEST(RowOrder, WindowsAreOfWholeBlocks) {
  const RowOrder order(std::vector<int64_t>(12, 10), 30, 1);
  std::set<int64_t> all;
  for (int64_t window = 0; window < 4; ++window) {
    std::set<int64_t> blocks;
    std::vector<int64_t> rows;
    for (int64_t i = 30 * window; i < 30 * (window + 1); ++i) {
      EXPECT_EQ(order.window_of(i), window);
      rows.push_back(order[i]);
      blocks.insert(order[i] / 10);
    }
    const std::vector<int64_t> wanted = order.blocks_of(window);
    EXPECT_EQ(blocks, std::set<int64_t>(wanted.begin(), wanted.end()));
    EXPECT_EQ(blocks.size(), 3u);
    EXPECT_FALSE(std::is_sorted(rows.begin(), rows.end()));
    int64_t changes = 0;
    for (size_t i = 1; i < rows.size(); ++i) changes += rows[i] / 10 != rows[i - 1] / 10 ? 1 : 0;
    EXPECT_GT(changes, 8) << "blocks come one after the other";
    all.insert(blocks.begin(), blocks.end());
  }
  EXPECT_EQ(all.size(), 12u);
  EXPECT_EQ(order.window_of(120), 4);
  EXPECT_EQ(order.blocks_of(4).size(), 3u);
}

// A function of the sample alone: whoever asks, in whatever order, from any thread.
TEST(RowOrder, DependsOnNothingElse) {
  const RowOrder order(std::vector<int64_t>(50, 7), 60, 3), other(std::vector<int64_t>(50, 7), 60, 3);
  std::vector<int64_t> wanted;
  for (int64_t i = 0; i < 5 * order.rows(); ++i) wanted.push_back(order[i]);
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int64_t start = 0; start < 4; ++start)
    threads.emplace_back([&, start] {
      for (auto i = static_cast<int64_t>(wanted.size()) - 1 - start; i >= 0; i -= 4)
        if (other[i] != wanted[static_cast<size_t>(i)]) ++wrong;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace convoy
