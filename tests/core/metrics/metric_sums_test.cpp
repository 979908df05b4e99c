// Values of metrics against those that scikit-learn gives for the same rows.
#include "core/metrics/metric_sums.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/metrics/class_counts.h"
#include "core/metrics/metric_kinds.h"

namespace convoy {
namespace {

// y_true = [3, -0.5, 2, 7], y_pred = [2.5, 0, 2, 8], the example of scikit-learn's pages.
NamedValues of_numbers(const std::vector<std::string>& names) {
  std::vector<MetricChoice> choices;
  for (const std::string& name : names) choices.emplace_back(metric_kinds(), name);
  const MetricSums metrics(named_metrics(choices), {.numbers = 1, .targets = DType::f32});
  std::vector<double> sums(metrics.size());
  const float targets[] = {3, -0.5f, 2, 7}, predictions[] = {2.5f, 0, 2, 8};
  for (int i = 0; i < 4; ++i)
    metrics.add({.prediction = {predictions + i, 1}, .target = {targets + i, 1}, .loss = 0.5 * i}, sums, {});
  return metrics.values(sums, {}).numbers;
}

TEST(Metrics, OfNumbers) {
  const NamedValues values = of_numbers({"mae", "r2", "rmse", "perplexity"});
  ASSERT_EQ(values.size(), 4u);
  EXPECT_EQ(values[0].first, "mae");
  EXPECT_NEAR(values[0].second, 0.5, 1e-12);
  EXPECT_NEAR(values[1].second, 0.9486081370449679, 1e-12);
  EXPECT_NEAR(values[2].second, 0.6123724356957945, 1e-12);
  EXPECT_NEAR(values[3].second, std::exp(0.75), 1e-12);
}

TEST(Metrics, OfOneKindTwiceHaveNamesOfTheirOwn) {
  const NamedValues values = of_numbers({"mae", "mae"});
  EXPECT_EQ(values[0].first, "mae");
  EXPECT_EQ(values[1].first, "mae_2");
}

double of_classes(MetricChoice choice, int64_t classes, const std::vector<int>& wanted,
                  const std::vector<int>& predicted) {
  const std::vector<MetricChoice> choices{choice};
  const MetricSums metrics(named_metrics(choices), {.numbers = classes, .targets = DType::i32});
  std::vector<double> sums(metrics.size());
  for (size_t i = 0; i < wanted.size(); ++i) {
    std::vector<float> logits(static_cast<size_t>(classes));
    logits[static_cast<size_t>(predicted[i])] = 1;
    metrics.add({.prediction = logits, .target_class = wanted[i]}, sums, {});
  }
  return metrics.values(sums, {}).numbers[0].second;
}

TEST(Metrics, OfClasses) {
  const MetricChoice accuracy(metric_kinds(), "accuracy"), f1(metric_kinds(), "f1");
  MetricChoice macro = f1;
  macro.as<F1>()->average = Average::macro;
  const std::vector<int> wanted{0, 1, 2, 0, 1, 2}, predicted{0, 2, 1, 0, 0, 1};
  EXPECT_NEAR(of_classes(accuracy, 3, wanted, predicted), 1.0 / 3, 1e-12);
  EXPECT_NEAR(of_classes(f1, 3, wanted, predicted), 0.26666666666666666, 1e-12);
  EXPECT_NEAR(of_classes(f1, 7, wanted, predicted), 0.26666666666666666, 1e-12);  // four classes never occur
  const std::vector<int> two{0, 1, 1, 0, 1, 1}, guessed{0, 1, 0, 0, 1, 0};
  EXPECT_NEAR(of_classes(f1, 2, two, guessed), 0.6666666666666666, 1e-12);
  EXPECT_NEAR(of_classes(macro, 2, two, guessed), 0.6666666666666666, 1e-12);
}

TEST(Metrics, OfEachClassHaveItsName) {
  std::vector<MetricChoice> choices{MetricChoice(metric_kinds(), "f1"),
                                    MetricChoice(metric_kinds(), "confusion_matrix")};
  choices[0].as<F1>()->average = Average::none;
  const MetricSums metrics(named_metrics(choices), {3, DType::i32, {"ham", "spam"}});
  const std::vector<std::pair<std::string, bool>> wanted{{"f1_ham", true}, {"f1_spam", true}, {"f1_2", true}};
  EXPECT_EQ(metrics.numbers(), wanted);
  std::vector<double> sums(metrics.size());
  const float logits[] = {0, 1, 0};
  metrics.add({.prediction = logits, .target_class = 0}, sums, {});
  const MetricValues values = metrics.values(sums, {});
  EXPECT_EQ(values.numbers.at(0).first, "f1_ham");
  ASSERT_EQ(values.matrices.size(), 1u);
  EXPECT_EQ(values.matrices[0].first, "confusion_matrix");
  EXPECT_EQ(values.matrices[0].second.labels, (std::vector<std::string>{"ham", "spam", "2"}));
  EXPECT_EQ(values.matrices[0].second.cells, (std::vector<double>{0, 1, 0, 0, 0, 0, 0, 0, 0}));
}

// Infinite and huge logits order rows as all others do, and a score that is no number has no place.
TEST(Metrics, AreaOfExtremeLogits) {
  const std::vector<MetricChoice> choices{MetricChoice(metric_kinds(), "auc")};
  const auto area = [&](const std::vector<std::vector<float>>& logits, const std::vector<int>& wanted) {
    const MetricSums metrics(named_metrics(choices), {static_cast<int64_t>(logits[0].size()), DType::i32});
    std::vector<float> kept(metrics.kept() * logits.size());
    for (size_t i = 0; i < logits.size(); ++i)
      metrics.add({.prediction = logits[i], .target_class = wanted[i]}, {},
                  std::span(kept).subspan(i * metrics.kept(), metrics.kept()));
    return metrics.values({}, kept).numbers[0].second;
  };
  EXPECT_EQ(area({{1e30f}, {40}, {30}, {-1e30f}}, {1, 1, 0, 0}), 1);  // as probabilities, 40 and 30 are both 1
  EXPECT_EQ(area({{50, 0, 0}, {90, 0, 0}, {0, 70, 0}, {0, 60, 0}}, {0, 0, 1, 1}), 1);
  EXPECT_EQ(area({{1, 2, 3}, {3, 2, 1}}, {1, 2}), 0.25);  // class 1 by equal scores, class 2 by the wrong order
  EXPECT_TRUE(std::isnan(area({{1}, {std::nanf("")}}, {0, 1})));
  EXPECT_TRUE(std::isnan(area({{1}, {2}}, {1, 1})));
}

TEST(Metrics, OfTheOtherKindOfTargetsAreRefused) {
  const auto refused = [](std::string name, const MetricShape& shape) {
    const std::vector<MetricChoice> choices{MetricChoice(metric_kinds(), name)};
    try {
      MetricSums(named_metrics(choices), shape);
    } catch (const ConfigError& error) {
      return std::string(error.what());
    }
    return std::string("nothing");
  };
  EXPECT_EQ(refused("accuracy", {1, DType::f32}),
            "evaluate.metrics: accuracy is of classes, and the targets are numbers; leave it out");
  EXPECT_EQ(refused("mae", {3, DType::i32}),
            "evaluate.metrics: mae is of numbers, and the targets are classes; leave it out");
  EXPECT_EQ(refused("r2", {}),
            "evaluate.metrics: r2 compares predictions with targets, and this family gives none; leave "
            "it out");
  EXPECT_EQ(refused("perplexity", {}), "nothing");
}

}  // namespace
}  // namespace convoy
