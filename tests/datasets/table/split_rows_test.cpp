#include "datasets/table/split_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "datasets/table/column_statistics.h"

namespace convoy {
namespace {

std::map<Split, int64_t> counts(const std::vector<Split>& splits) {
  std::map<Split, int64_t> counted;
  for (const Split split : splits) ++counted[split];
  return counted;
}

TEST(SplitRows, HaveTheirFractions) {
  std::vector<uint64_t> contents(1000);
  std::iota(contents.begin(), contents.end(), 0);
  EXPECT_EQ(counts(split_rows(contents, 0.1, 0.05)),
            (std::map<Split, int64_t>{{Split::train, 850}, {Split::validation, 100}, {Split::test, 50}}));
  EXPECT_EQ(counts(split_rows(contents, 0, 0)), (std::map<Split, int64_t>{{Split::train, 1000}}));
  EXPECT_EQ(counts(split_rows({1, 2, 3}, 0.5, 0.4)),
            (std::map<Split, int64_t>{{Split::validation, 2}, {Split::test, 1}}));
  EXPECT_EQ(split_rows({}, 0.5, 0).size(), 0u);
}

TEST(SplitRows, AreSpreadOverTheRows) {
  std::vector<uint64_t> contents(1000);
  std::iota(contents.begin(), contents.end(), 0);
  const std::vector<Split> splits = split_rows(contents, 0.2, 0);
  for (size_t begin = 0; begin < 1000; begin += 250) {
    const auto here = std::count(splits.begin() + begin, splits.begin() + begin + 250, Split::validation);
    EXPECT_GT(here, 25);
    EXPECT_LT(here, 75);
  }
}

// Rows in another order go to the splits that they went to; of equal rows as many as before.
TEST(SplitRows, DoNotDependOnTheOrderOfRows) {
  std::vector<uint64_t> contents;
  for (uint64_t i = 0; i < 500; ++i) contents.push_back(i % 400);
  std::vector<uint64_t> reversed(contents.rbegin(), contents.rend());
  const auto by_content = [](const std::vector<uint64_t>& rows) {
    const std::vector<Split> splits = split_rows(rows, 0.3, 0.1);
    std::map<std::pair<uint64_t, Split>, int> counted;
    for (size_t i = 0; i < rows.size(); ++i) ++counted[{rows[i], splits[i]}];
    return counted;
  };
  EXPECT_EQ(by_content(contents), by_content(reversed));
}

// A table of few different rows, many times each: every split has some of each.
TEST(SplitRows, EqualRowsGoToAllSplits) {
  std::vector<uint64_t> contents;
  for (uint64_t i = 0; i < 400; ++i) contents.push_back(i % 4);
  const std::vector<Split> splits = split_rows(contents, 0.3, 0);
  std::map<uint64_t, int> validation;
  for (size_t i = 0; i < contents.size(); ++i) validation[contents[i]] += splits[i] == Split::validation;
  for (uint64_t content = 0; content < 4; ++content) {
    EXPECT_GT(validation[content], 10);
    EXPECT_LT(validation[content], 60);
  }
}

TEST(ColumnStatistics, AreThoseOfTheNumbers) {
  StatisticsOfColumns statistics(2);
  for (const float value : {2.f, 4.f, 4.f, 4.f, 5.f, 5.f, 7.f, 9.f}) statistics.add(std::array{value, 1e6f + value});
  EXPECT_EQ(statistics.of(0), (ColumnStatistics{5, 2, 2, 9}));
  EXPECT_NEAR(statistics.of(1).mean, 1e6 + 5, 1e-9);
  EXPECT_NEAR(statistics.of(1).deviation, 2, 1e-6);
}

}  // namespace
}  // namespace convoy
