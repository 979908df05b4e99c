#include "core/metrics/auc.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace convoy {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct Scored {
  double score;
  bool positive;
};

// Of pairs of a positive and a negative row, the share whose positive one has the higher score. Counts and halves are
// exact in f64, so that the order of the rows does not matter.
double area(std::vector<Scored>& rows) {
  if (std::ranges::any_of(rows, [](const Scored& row) { return std::isnan(row.score); })) return kNaN;
  std::ranges::sort(rows, {}, &Scored::score);
  double negatives = 0, positives = 0, won = 0;
  for (size_t begin = 0, end = 0; begin < rows.size(); begin = end) {
    double equal_positives = 0, equal_negatives = 0;
    for (; end < rows.size() && rows[end].score == rows[begin].score; ++end)
      (rows[end].positive ? equal_positives : equal_negatives) += 1;
    won += equal_positives * (negatives + 0.5 * equal_negatives);
    positives += equal_positives, negatives += equal_negatives;
  }
  return positives > 0 && negatives > 0 ? won / (positives * negatives) : kNaN;
}

// What the odds of all classes of a row have in common: exponentials relative to the largest logit, added from the
// smallest on, so that rows with the same logits in another order have the same sums.
struct Exponentials {
  double largest = -std::numeric_limits<double>::infinity();
  double others = 0, all = 0;  // without one of the largest logit, and with it
};

Exponentials exponentials_of(std::span<const float> logits, std::vector<float>& sorted) {
  sorted.assign(logits.begin(), logits.end());
  std::ranges::sort(sorted);
  Exponentials sums{static_cast<double>(sorted.back())};
  for (size_t i = 0; i + 1 < sorted.size(); ++i) sums.others += std::exp(static_cast<double>(sorted[i]) - sums.largest);
  sums.all = sums.others + 1;
  return sums;
}

// log(p / (1 - p)) of a class's probability.
double log_odds(double logit, const Exponentials& sums) {
  if (logit == sums.largest) return -std::log(sums.others);
  return logit - sums.largest - std::log(sums.all - std::exp(logit - sums.largest));
}

double area_of_two(const KeptRows& kept) {
  std::vector<Scored> rows;
  for (size_t i = 0; i < kept.size(); ++i) {
    const std::span<const float> row = kept[i];
    const double zero = row.size() == 2 ? 0 : static_cast<double>(row[1]);
    rows.push_back({static_cast<double>(row.back()) - zero, row[0] == 1});
  }
  return area(rows);
}

bool has_nan(std::span<const float> logits) {
  return std::ranges::any_of(logits, [](float logit) { return std::isnan(logit); });
}

double mean_area(const KeptRows& kept, size_t classes) {
  std::vector<Exponentials> sums;
  std::vector<double> of_class(classes);
  std::vector<float> space;
  for (size_t i = 0; i < kept.size(); ++i) {
    if (has_nan(kept[i])) return kNaN;
    sums.push_back(exponentials_of(kept[i].subspan(1), space));
    of_class[static_cast<size_t>(kept[i][0])] += 1;
  }
  double areas = 0, counted = 0;
  std::vector<Scored> rows(kept.size());
  for (size_t c = 0; c < classes; ++c) {
    if (of_class[c] == 0 || of_class[c] == static_cast<double>(kept.size())) continue;
    for (size_t i = 0; i < rows.size(); ++i)
      rows[i] = {log_odds(static_cast<double>(kept[i][1 + c]), sums[i]), kept[i][0] == static_cast<float>(c)};
    areas += area(rows);
    counted += 1;
  }
  return counted > 0 ? areas / counted : kNaN;
}

}  // namespace

void Auc::keep(const MetricRow& row, std::span<float> kept) const {
  kept[0] = static_cast<float>(row.target_class);
  std::ranges::copy(row.prediction, kept.begin() + 1);
}

MetricAnswer Auc::answer(const MetricTotals& totals) const {
  const size_t classes = totals.shape.classes();
  return {{{"", classes == 2 ? area_of_two(totals.kept) : mean_area(totals.kept, classes)}}};
}

}  // namespace convoy
