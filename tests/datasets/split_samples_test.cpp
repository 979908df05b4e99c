#include "datasets/split_samples.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/base/error.h"

namespace convoy {
namespace {

std::vector<SplitCounts> counted(const std::vector<int32_t>& classes, const std::vector<Split>& splits) {
  std::vector<SplitCounts> counts(static_cast<size_t>(*std::max_element(classes.begin(), classes.end())) + 1);
  for (size_t i = 0; i < classes.size(); ++i) ++counts[static_cast<size_t>(classes[i])][static_cast<size_t>(splits[i])];
  return counts;
}

// Sample i is of class c about as often as share[c] says.
std::vector<int32_t> toy_classes(size_t samples, const std::vector<int>& share) {
  std::vector<int32_t> classes;
  const int all = std::accumulate(share.begin(), share.end(), 0);
  for (size_t i = 0; i < samples; ++i) {
    int at = static_cast<int>((i * 7919) % static_cast<size_t>(all));
    int32_t c = 0;
    while (at >= share[static_cast<size_t>(c)]) at -= share[static_cast<size_t>(c++)];
    classes.push_back(c);
  }
  return classes;
}

TEST(SplitSamples, HaveTheirFractions) {
  const std::vector<int32_t> one_class(1000, 0);
  EXPECT_EQ(counted(one_class, split_samples(one_class, {0.1, 0.05}, 1)), (std::vector<SplitCounts>{{850, 100, 50}}));
  EXPECT_EQ(counted(one_class, split_samples(one_class, {0, 0}, 1)), (std::vector<SplitCounts>{{1000, 0, 0}}));
  EXPECT_TRUE(split_samples({}, {0.1, 0.1}, 1).empty());
}

TEST(SplitSamples, EachClassHasItsShareWithinOneSample) {
  for (const size_t samples : {101u, 1000u, 9973u})
    for (const auto& [validation, test] : {std::pair{0.1, 0.1}, {0.15, 0.05}, {0.33, 0.3}, {0.01, 0.0}}) {
      const std::vector<int32_t> classes = toy_classes(samples, {70, 20, 7, 3});
      const auto counts = counted(classes, split_samples(classes, {validation, test}, 3));
      SplitCounts all{};
      for (const SplitCounts& of_class : counts) {
        const auto n = static_cast<double>(of_class[0] + of_class[1] + of_class[2]);
        EXPECT_LT(std::abs(static_cast<double>(of_class[1]) - validation * n), 1);
        EXPECT_LT(std::abs(static_cast<double>(of_class[2]) - test * n), 1);
        for (size_t s = 0; s < 3; ++s) all[s] += of_class[s];
      }
      EXPECT_EQ(all[1], std::llround(validation * static_cast<double>(samples)));
      EXPECT_EQ(all[2], std::llround(test * static_cast<double>(samples)));
    }
}

TEST(SplitSamples, AreThoseOfTheSeed) {
  const std::vector<int32_t> classes = toy_classes(2000, {3, 1});
  const auto splits = split_samples(classes, {0.2, 0.1}, 1);
  EXPECT_EQ(split_samples(classes, {0.2, 0.1}, 1), splits);
  const auto others = split_samples(classes, {0.2, 0.1}, 2);
  int64_t same = 0;
  for (size_t i = 0; i < splits.size(); ++i) same += splits[i] == others[i] ? 1 : 0;
  EXPECT_LT(same, 1300) << "of two seeds as many agree as chance wants: 0.7^2 + 0.2^2 + 0.1^2";
  EXPECT_GT(same, 900);
}

// A row's place tells nothing of its split: neither the first nor the last rows, nor those of a rhythm, stay together.
TEST(SplitSamples, AreSpreadOverTheData) {
  const std::vector<int32_t> classes(10000, 0);
  const auto splits = split_samples(classes, {0.1, 0}, 5);
  for (size_t rhythm = 1; rhythm <= 10; ++rhythm)
    for (size_t begin = 0; begin < 10000; begin += 1000 * rhythm) {
      int64_t validation = 0;
      for (size_t i = begin; i < std::min<size_t>(10000, begin + 1000 * rhythm); i += rhythm)
        validation += splits[i] == Split::validation ? 1 : 0;
      if (begin + 1000 * rhythm > 10000) continue;
      EXPECT_GT(validation, 60) << begin << " " << rhythm;
      EXPECT_LT(validation, 140) << begin << " " << rhythm;
    }
}

TEST(SplitSamples, APureFunctionOfClassAndNumber) {
  const std::vector<int32_t> classes = toy_classes(500, {2, 1});
  const auto splits = split_samples(classes, {0.2, 0.1}, 9);
  int64_t first = 0, second = 0;
  for (const int32_t c : classes) ++(c == 0 ? first : second);
  const SplitSamples split({first, second}, {0.2, 0.1}, 9);
  std::vector<int64_t> seen(2);
  for (size_t i = 0; i < classes.size(); ++i)
    EXPECT_EQ(split(classes[i], seen[static_cast<size_t>(classes[i])]++), splits[i]);
  EXPECT_EQ(split.counts(), counted(classes, splits));
}

TEST(SplitSamples, AClassKeepsOneToTrainOn) {
  const SplitSamples split({1, 0, 2, 100}, {0.5, 0.4}, 1);
  EXPECT_EQ(split.counts()[0], (SplitCounts{1, 0, 0}));
  EXPECT_EQ(split.counts()[1], (SplitCounts{0, 0, 0}));
  EXPECT_EQ(split.counts()[2][0], 1);
  const std::vector<std::string> notes = notes_on_classes({"once", "never", "twice", "often"}, split.counts());
  ASSERT_EQ(notes.size(), 3u);
  EXPECT_NE(notes[0].find("the train split has no sample of class \"never\" (0): a model cannot learn them"),
            std::string::npos)
      << notes[0];
  EXPECT_NE(notes[1].find("the validation split has no sample of class \"once\" (1), \"never\" (0)"), std::string::npos)
      << notes[1];
}

TEST(SplitSamples, BalanceIsShown) {
  const std::string text = class_balance({"cat", "dog"}, {{75, 10, 5}, {8, 1, 1}});
  EXPECT_NE(text.find("cat             75           10            5    90.0%\n"), std::string::npos) << text;
  EXPECT_NE(text.find("dog              8            1            1    10.0%\n"), std::string::npos) << text;
  std::vector<std::string> names;
  std::vector<SplitCounts> counts;
  for (int i = 0; i < 300; ++i) names.push_back("c" + std::to_string(i)), counts.push_back({1000 - i, 0, 0});
  const std::string many = class_balance(names, counts);
  EXPECT_NE(many.find("300 classes in all"), std::string::npos);
  EXPECT_NE(many.find("c0 "), std::string::npos);
  EXPECT_NE(many.find("c299 "), std::string::npos) << "the rarest";
  EXPECT_EQ(many.find("c150 "), std::string::npos);
}

TEST(SplitSamples, FractionsLeaveSomethingToTrainOn) {
  EXPECT_NO_THROW(check_fractions({0.5, 0.4}));
  EXPECT_THROW(check_fractions({0.5, 0.5}), ConfigError);
  EXPECT_THROW(check_fractions({-0.1, 0}), ConfigError);
  EXPECT_THROW(check_fractions({0, 1}), ConfigError);
}

}  // namespace
}  // namespace convoy
