// Metrics of how often each class was predicted and wanted.
#pragma once

#include <array>
#include <utility>

#include "core/metrics/class_metrics.h"

namespace convoy {

enum class Average { automatic, binary, macro, micro, none };
constexpr auto enum_names(Average) {
  return std::array{
      std::pair{std::string_view("auto"), Average::automatic}, std::pair{std::string_view("binary"), Average::binary},
      std::pair{std::string_view("macro"), Average::macro}, std::pair{std::string_view("micro"), Average::micro},
      std::pair{std::string_view("none"), Average::none}};
}

// How often a class was predicted rightly, predicted wrongly, missed.
struct ClassCounts {
  double hits = 0, wrong = 0, missed = 0;
};

// A score of each class, made one number as `average` says: of class 1 alone (binary), the mean over the classes that
// were wanted or predicted (macro), the score of the counts of all (micro); or one for each class, NAME_CLASS (none). A
// score without a denominator is 0, as scikit-learn's zero_division=0 has it.
class ScoreOfCounts : public Metric {
 public:
  Average average = Average::automatic;

  void describe(Keys& keys) override;
  std::string complaint(const MetricShape& shape) const override { return complaint_of_classes(shape); }
  bool more_is_better() const override { return true; }
  size_t sums(const MetricShape& shape) const override { return 3 * shape.classes(); }
  void add(const MetricRow& row, std::span<double> sums) const override;
  MetricAnswer answer(const MetricTotals& totals) const override;

 protected:
  virtual double score(const ClassCounts& counts) const = 0;

 private:
  double macro(std::span<const double> sums) const;
};

// hits / (hits + wrong)
struct PrecisionScore final : ScoreOfCounts {
  std::unique_ptr<Metric> clone() const override { return std::make_unique<PrecisionScore>(*this); }
  double score(const ClassCounts& c) const override;
};

// hits / (hits + missed)
struct Recall final : ScoreOfCounts {
  std::unique_ptr<Metric> clone() const override { return std::make_unique<Recall>(*this); }
  double score(const ClassCounts& c) const override;
};

// 2 hits / (2 hits + wrong + missed)
struct F1 final : ScoreOfCounts {
  std::unique_ptr<Metric> clone() const override { return std::make_unique<F1>(*this); }
  double score(const ClassCounts& c) const override;
};

// Row: the class that was wanted; column: the one that was predicted.
struct ConfusionMatrix final : Metric {
  void describe(Keys&) override {}
  std::unique_ptr<Metric> clone() const override { return std::make_unique<ConfusionMatrix>(*this); }
  std::string complaint(const MetricShape& shape) const override { return complaint_of_few_classes(shape); }
  bool more_is_better() const override { return true; }
  size_t sums(const MetricShape& shape) const override { return shape.classes() * shape.classes(); }
  void add(const MetricRow& row, std::span<double> sums) const override;
  MetricAnswer answer(const MetricTotals& totals) const override;
};

}  // namespace convoy
