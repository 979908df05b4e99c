#include "core/metrics/class_counts.h"

#include <cmath>

namespace convoy {
namespace {

ClassCounts counts_of(std::span<const double> sums, size_t c) {
  return {sums[3 * c], sums[3 * c + 1], sums[3 * c + 2]};
}

ClassCounts total(std::span<const double> sums) {
  ClassCounts all;
  for (size_t c = 0; c < sums.size() / 3; ++c) {
    const ClassCounts counts = counts_of(sums, c);
    all.hits += counts.hits, all.wrong += counts.wrong, all.missed += counts.missed;
  }
  return all;
}

double share(double part, double whole) { return whole == 0 ? 0 : part / whole; }

}  // namespace

void ScoreOfCounts::describe(Keys& keys) {
  keys("average", average, "",
       "binary: of class 1; macro: the mean over classes that occur; micro: of all counts together; none: of each "
       "class; auto: binary where there are two classes, else macro");
}

void ScoreOfCounts::add(const MetricRow& row, std::span<double> sums) const {
  const size_t predicted = predicted_class(row), wanted = static_cast<size_t>(row.target_class);
  if (predicted == wanted) {
    sums[3 * wanted] += 1;
    return;
  }
  sums[3 * predicted + 1] += 1;
  sums[3 * wanted + 2] += 1;
}

double ScoreOfCounts::macro(std::span<const double> sums) const {
  double scores = 0, occurring = 0;
  for (size_t c = 0; c < sums.size() / 3; ++c) {
    const ClassCounts counts = counts_of(sums, c);
    if (counts.hits + counts.wrong + counts.missed == 0) continue;
    occurring += 1;
    scores += score(counts);
  }
  return share(scores, occurring);
}

MetricAnswer ScoreOfCounts::answer(const MetricTotals& totals) const {
  const size_t classes = totals.shape.classes();
  switch (average) {
    case Average::none: {
      MetricAnswer each;
      for (size_t c = 0; c < classes; ++c)
        each.numbers.emplace_back(totals.shape.class_name(c), score(counts_of(totals.sums, c)));
      return each;
    }
    case Average::micro:
      return {{{"", score(total(totals.sums))}}};
    case Average::automatic:
      if (classes != 2) break;
      [[fallthrough]];
    case Average::binary:
      return {{{"", score(counts_of(totals.sums, 1))}}};
    case Average::macro:
      break;
  }
  return {{{"", macro(totals.sums)}}};
}

double PrecisionScore::score(const ClassCounts& c) const { return share(c.hits, c.hits + c.wrong); }
double Recall::score(const ClassCounts& c) const { return share(c.hits, c.hits + c.missed); }
double F1::score(const ClassCounts& c) const { return share(2 * c.hits, 2 * c.hits + c.wrong + c.missed); }

void ConfusionMatrix::add(const MetricRow& row, std::span<double> sums) const {
  const size_t classes = row.prediction.size() == 1 ? 2 : row.prediction.size();
  sums[static_cast<size_t>(row.target_class) * classes + predicted_class(row)] += 1;
}

MetricAnswer ConfusionMatrix::answer(const MetricTotals& totals) const {
  Matrix matrix{.labels = {}, .cells = {totals.sums.begin(), totals.sums.end()}};
  for (size_t c = 0; c < totals.shape.classes(); ++c) matrix.labels.push_back(totals.shape.class_name(c));
  return {{}, std::move(matrix)};
}

}  // namespace convoy
