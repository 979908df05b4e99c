#include "comm/reduction_tree.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <string>
#include <vector>

#include "comm/local/thread_communicator.h"

namespace convoy {
namespace {

// The tree as text: "((0+1)+2)". Nodes over a rank's leaves are joined as the ranks would join them.
std::string tree_text(const std::vector<std::string>& leaves) {
  if (leaves.size() == 1) return leaves[0];
  const auto middle = leaves.begin() + static_cast<std::ptrdiff_t>(std::bit_floor(leaves.size() - 1));
  return fmt::format("({}+{})", tree_text({leaves.begin(), middle}), tree_text({middle, leaves.end()}));
}

std::string computed_by(int64_t virtual_ranks, int64_t ranks) {
  std::vector<std::string> nodes;
  for (int64_t rank = 0; rank < ranks; ++rank) {
    std::vector<std::string> leaves;
    for (int64_t v = rank * virtual_ranks / ranks; v < (rank + 1) * virtual_ranks / ranks; ++v)
      leaves.push_back(std::to_string(v));
    nodes.push_back(tree_text(leaves));
  }
  return tree_text(nodes);
}

bool accepted(int64_t virtual_ranks, int ranks) {
  try {
    check_virtual_ranks(virtual_ranks, ranks);
    return true;
  } catch (const ConfigError&) {
    return false;
  }
}

TEST(ReductionTree, AcceptsExactlyThePairsThatGiveTheSameTree) {
  for (int64_t virtual_ranks = 1; virtual_ranks <= 48; ++virtual_ranks)
    for (int ranks = 1; ranks <= 50; ++ranks) {
      const bool same =
          virtual_ranks % ranks == 0 && computed_by(virtual_ranks, ranks) == computed_by(virtual_ranks, 1);
      EXPECT_EQ(accepted(virtual_ranks, ranks), same) << virtual_ranks << " virtual ranks, " << ranks << " ranks";
    }
  EXPECT_FALSE(accepted(0, 1));
  EXPECT_FALSE(accepted(-4, 2));
}

TEST(ReductionTree, RefusalNamesTheRankCountsThatFit) {
  try {
    check_virtual_ranks(12, 4);
    FAIL() << "12 virtual ranks on 4 ranks were accepted";
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("by 4 ranks, only by 1, 3, 6, 12"), std::string::npos) << error.what();
  }
}

TEST(ReductionTree, CountsTheBuffersOfABinaryCounter) {
  EXPECT_EQ(partial_sums(1), 0);
  EXPECT_EQ(partial_sums(2), 1);
  EXPECT_EQ(partial_sums(3), 1);
  EXPECT_EQ(partial_sums(4), 2);
  EXPECT_EQ(partial_sums(6), 2);
  EXPECT_EQ(partial_sums(8), 3);
}

TEST(ReductionTree, SumsByTheTree) {
  const double big = 0x1p53;
  EXPECT_EQ(tree_sum(std::vector<double>{}), 0);
  EXPECT_EQ(tree_sum(std::vector<double>{1, big, 1, -big}), 1);  // (1 + big) + (1 - big); in order it would be 0
  EXPECT_EQ(tree_sum(std::vector<double>{big, -big, 1}), 1);     // (big - big) + 1
  EXPECT_EQ(tree_sum(std::vector<double>{1, 2, 3, 4, 5, 6, 7}), 28);
}

TEST(ReductionTree, SumsRowsAsTheyCome) {
  EXPECT_EQ(TreeSums(2).sums(), std::vector<double>(2));
  for (size_t count = 1; count <= 40; ++count) {
    TreeSums rows(2);
    std::vector<double> a, b;
    for (size_t i = 0; i < count; ++i) {
      a.push_back(std::sin(i + 1.0) * std::pow(10, i % 7));
      b.push_back(std::cos(i * 3.0) * std::pow(10, i % 5));
      rows.add({a.back(), b.back()});
    }
    EXPECT_EQ(rows.sums(), (std::vector<double>{tree_sum(a), tree_sum(b)})) << count << " rows";
  }
}

// 12 losses whose sum depends on the order, spread over 3, 6 and 12 ranks.
TEST(ReproducibleSum, HasTheSameBitsForEveryRankCount) {
  std::vector<double> losses;
  for (int v = 0; v < 12; ++v) losses.push_back(std::sin(v + 1) * std::pow(10, v % 5));
  const double wanted = tree_sum(losses);
  for (const int ranks : {1, 3, 6, 12})
    on_threads(ranks, [&](Communicator& c) {
      const size_t each = losses.size() / static_cast<size_t>(ranks);
      const auto mine = std::span(losses).subspan(static_cast<size_t>(c.rank()) * each, each);
      EXPECT_EQ(reproducible_sum(c, mine), wanted) << ranks << " ranks";
    });
}

}  // namespace
}  // namespace convoy
