// Every metric against scikit-learn on random cases (tests/reference/metrics.py): equal logits, absent classes, one
// logit, one row.
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "core/metrics/class_counts.h"
#include "core/metrics/metric_kinds.h"
#include "core/metrics/metric_sums.h"
#include "tests/support/reference_file.h"

namespace convoy {
namespace {

// What is left of a flat array of the file.
template <class Number>
class Reader {
 public:
  explicit Reader(std::vector<Number> all) : all_(std::move(all)) {}
  std::vector<Number> take(size_t count) {
    const auto from = all_.begin() + static_cast<std::ptrdiff_t>(at_);
    at_ += count;
    return {from, from + static_cast<std::ptrdiff_t>(count)};
  }
  bool empty() const { return at_ == all_.size(); }

 private:
  std::vector<Number> all_;
  size_t at_ = 0;
};

MetricChoice chosen(std::string_view name, Average average) {
  MetricChoice choice(metric_kinds(), name);
  for (ScoreOfCounts* score :
       {static_cast<ScoreOfCounts*>(choice.as<PrecisionScore>()), static_cast<ScoreOfCounts*>(choice.as<Recall>()),
        static_cast<ScoreOfCounts*>(choice.as<F1>())})
    if (score != nullptr) score->average = average;
  return choice;
}

MetricValues values_of(const std::vector<MetricChoice>& choices, const MetricShape& shape,
                       const std::vector<MetricRow>& rows) {
  const MetricSums metrics(named_metrics(choices), shape);
  std::vector<double> sums(metrics.size());
  std::vector<float> kept(metrics.kept() * rows.size());
  for (size_t i = 0; i < rows.size(); ++i)
    metrics.add(rows[i], sums, std::span(kept).subspan(i * metrics.kept(), metrics.kept()));
  return metrics.values(sums, kept);
}

std::vector<float> fractions(const std::vector<int32_t>& of_256) {
  std::vector<float> values;
  for (const int32_t value : of_256) values.push_back(static_cast<float>(value) / 256);
  return values;
}

void expect_equal(double found, double wanted, const std::string& what) {
  if (std::isnan(wanted))
    EXPECT_TRUE(std::isnan(found)) << what << " is " << found;
  else
    EXPECT_NEAR(found, wanted, 1e-12) << what;
}

TEST(MetricReference, AThousandCasesOfClassesAreScikitLearns) {
  const test::ReferenceFile file(test::reference_path("metrics.h5"));
  Reader<int32_t> sizes(file.integers("sizes")), targets(file.integers("targets")), logits(file.integers("logits")),
      matrices(file.integers("matrix"));
  Reader<double> values(file.doubles("values")), each(file.doubles("each"));
  int cases = 0;
  for (; !sizes.empty() && !testing::Test::HasFailure(); ++cases) {
    SCOPED_TRACE(testing::Message() << "case " << cases);
    const std::vector<int32_t> size = sizes.take(4);
    const auto classes = static_cast<size_t>(size[0]), columns = static_cast<size_t>(size[1]);
    const auto count = static_cast<size_t>(size[2]);
    const std::vector<int32_t> y = targets.take(count);
    const std::vector<float> z = fractions(logits.take(count * columns));
    std::vector<MetricRow> rows;
    for (size_t i = 0; i < count; ++i)
      rows.push_back({.prediction = std::span(z).subspan(i * columns, columns), .target_class = y[i]});

    std::vector<MetricChoice> choices{MetricChoice(metric_kinds(), "accuracy"), MetricChoice(metric_kinds(), "top_k"),
                                      MetricChoice(metric_kinds(), "auc")};
    choices[1].as<TopK>()->k = size[3];
    for (const char* name : {"precision", "recall", "f1"})
      for (const Average average : {Average::macro, Average::micro}) choices.push_back(chosen(name, average));
    for (const char* name : {"precision", "recall", "f1"}) choices.push_back(chosen(name, Average::none));
    choices.emplace_back(metric_kinds(), "confusion_matrix");

    const MetricValues found = values_of(choices, {static_cast<int64_t>(columns), DType::i32}, rows);
    std::vector<double> wanted = values.take(9);
    const std::vector<double> of_each = each.take(3 * classes);
    wanted.insert(wanted.end(), of_each.begin(), of_each.end());
    ASSERT_EQ(found.numbers.size(), wanted.size());
    for (size_t i = 0; i < wanted.size(); ++i) expect_equal(found.numbers[i].second, wanted[i], found.numbers[i].first);
    const std::vector<int32_t> cells = matrices.take(classes * classes);
    EXPECT_EQ(found.matrices.at(0).second.cells, std::vector<double>(cells.begin(), cells.end()));
  }
  EXPECT_EQ(cases, 1000);
}

TEST(MetricReference, AHundredCasesOfNumbersAreScikitLearns) {
  const test::ReferenceFile file(test::reference_path("metrics.h5"));
  Reader<int32_t> sizes(file.integers("number_sizes")), targets(file.integers("number_targets")),
      predictions(file.integers("number_predictions"));
  Reader<double> values(file.doubles("number_values"));
  std::vector<MetricChoice> choices;
  for (const char* name : {"mae", "rmse", "r2"}) choices.emplace_back(metric_kinds(), name);
  int cases = 0;
  for (; !sizes.empty() && !testing::Test::HasFailure(); ++cases) {
    SCOPED_TRACE(testing::Message() << "case " << cases);
    const std::vector<int32_t> size = sizes.take(2);
    const auto count = static_cast<size_t>(size[0]), columns = static_cast<size_t>(size[1]);
    const std::vector<float> y = fractions(targets.take(count * columns)),
                             p = fractions(predictions.take(count * columns));
    std::vector<MetricRow> rows;
    for (size_t i = 0; i < count; ++i)
      rows.push_back({.prediction = std::span(p).subspan(i * columns, columns),
                      .target = std::span(y).subspan(i * columns, columns)});
    const MetricValues found = values_of(choices, {size[1], DType::f32}, rows);
    for (const auto& [name, value] : found.numbers) expect_equal(value, values.take(1)[0], name);
  }
  EXPECT_EQ(cases, 100);
}

}  // namespace
}  // namespace convoy
