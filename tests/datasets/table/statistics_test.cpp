#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "datasets/ordered_pipe.h"
#include "datasets/table/column_statistics.h"
#include "datasets/table/median.h"

namespace convoy {
namespace {

TEST(ColumnStatistics, AreThoseOfTheNumbers) {
  StatisticsOfColumns statistics(2);
  for (const float value : {2.f, 4.f, 4.f, 4.f, 5.f, 5.f, 7.f, 9.f}) statistics.add(std::array{value, 1e6f + value});
  EXPECT_EQ(statistics.of(0), (ColumnStatistics{5, 2, 2, 9}));
  EXPECT_NEAR(statistics.of(1).mean, 1e6 + 5, 1e-9);
  EXPECT_NEAR(statistics.of(1).deviation, 2, 1e-6);
}

TEST(ColumnStatistics, OfParts) {
  StatisticsOfColumns whole(1), parts(1), part(1);
  for (int i = 0; i < 1000; ++i) {
    const std::array row{static_cast<float>(i * i % 77) + 1e5f};
    whole.add(row);
    part.add(row);
    if (i % 130 == 0) parts.add(part), part = StatisticsOfColumns(1), parts.add(part);
  }
  parts.add(part);
  EXPECT_EQ(parts.rows(), 1000);
  EXPECT_NEAR(parts.of(0).mean, whole.of(0).mean, 1e-9);
  EXPECT_NEAR(parts.of(0).deviation, whole.of(0).deviation, 1e-9);
  EXPECT_EQ(parts.of(0).min, whole.of(0).min);
  EXPECT_EQ(parts.of(0).max, whole.of(0).max);
}

TEST(Median, IsThatOfSortedNumbers) {
  std::mt19937 random(1);
  for (const size_t count : {1u, 2u, 3u, 10u, 1001u}) {
    std::vector<float> numbers(count);
    for (float& number : numbers) number = std::normal_distribution<float>(0, 1000)(random);
    const double found = median([&](const std::function<void(float)>& visit) {
      for (const float number : numbers) visit(number);
    });
    std::sort(numbers.begin(), numbers.end());
    EXPECT_EQ(found, (static_cast<double>(numbers[(count - 1) / 2]) + static_cast<double>(numbers[count / 2])) / 2);
  }
  EXPECT_TRUE(std::isnan(median([](const std::function<void(float)>&) {})));
}

TEST(OrderedPipe, ResultsAreInTheOrderOfTheItems) {
  for (const int threads : {1, 3}) {
    int next = 0;
    OrderedPipe<int, int> pipe(
        threads, [&](int& item) { return (item = next++) < 500; },
        [](int&& item) {
          if (item % 7 == 0) std::this_thread::yield();
          return item * item;
        });
    for (int i = 0; i < 500; ++i) ASSERT_EQ(pipe.take(), i * i);
    EXPECT_EQ(pipe.take(), std::nullopt);
    EXPECT_EQ(pipe.take(), std::nullopt);
  }
}

TEST(OrderedPipe, TheFirstFailureIsTold) {
  int next = 0;
  OrderedPipe<int, int> pipe(
      3, [&](int& item) { return (item = next++) < 500; },
      [](int&& item) {
        if (item >= 40) throw std::runtime_error(std::to_string(item));
        return item;
      });
  for (int i = 0; i < 40; ++i) ASSERT_EQ(pipe.take(), i);
  EXPECT_THROW(
      try { pipe.take(); } catch (const std::runtime_error& error) {
        EXPECT_STREQ(error.what(), "40");
        throw;
      },
      std::runtime_error);
}

TEST(OrderedPipe, MayBeLeft) {
  int next = 0;
  OrderedPipe<int, int> pipe(
      2, [&](int& item) { return (item = next++) < 500; }, [](int&& item) { return item; });
  EXPECT_EQ(pipe.take(), 0);
}

}  // namespace
}  // namespace convoy
