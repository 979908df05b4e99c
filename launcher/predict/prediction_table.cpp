#include "launcher/predict/prediction_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/base/error.h"
#include "datasets/table/csv_rows.h"

namespace convoy {
namespace {

constexpr size_t kBufferBytes = 1 << 20;

}  // namespace

PredictionTable::PredictionTable(const Loss& loss, Predicted predicted, const std::vector<std::string>& kept_columns,
                                 Write write)
    : loss_(loss), predicted_(std::move(predicted)), has_kept_(!kept_columns.empty()), write_(std::move(write)) {
  const auto classes = static_cast<int64_t>(predicted_.classes.size());
  const bool one_of_two = classes == 2 && predicted_.outputs == 1;
  if (classes > 0 && predicted_.outputs != classes && !one_of_two)
    throw ConfigError(
        fmt::format("the model gives {} numbers for a target of {} classes", predicted_.outputs, classes));
  for (const std::string& name : predicted_.classes) append_csv_cell(class_cells_.emplace_back(), name);
  write_header(kept_columns);
}

void PredictionTable::write_header(const std::vector<std::string>& kept_columns) {
  std::vector<std::string> names = kept_columns;
  if (predicted_.classes.empty() && predicted_.outputs > 1)
    for (int64_t i = 0; i < predicted_.outputs; ++i)
      names.push_back("prediction_" +
                      (predicted_.numbers.empty() ? std::to_string(i) : predicted_.numbers[static_cast<size_t>(i)]));
  else
    names.emplace_back("prediction");
  for (const std::string& name : predicted_.classes) names.push_back("probability_" + name);
  if (predicted_.classes.empty() && predicted_.outputs == 1 && loss_.predicts_probabilities())
    names.emplace_back("probability");
  columns_ = names.size() - kept_columns.size();
  for (const std::string& name : names) {
    if (&name != &names.front()) text_ += ',';
    append_csv_cell(text_, name);
  }
  text_ += '\n';
}

void PredictionTable::add(std::span<const InputRow> rows, std::span<const float> outputs) {
  const auto each = static_cast<size_t>(predicted_.outputs);
  for (const InputRow& row : rows) {
    text_ += row.kept;
    if (has_kept_) text_ += ',';
    if (row.usable) {
      add_prediction(outputs.first(each));
      outputs = outputs.subspan(each);
    } else {
      text_.append(columns_ - 1, ',');
    }
    text_ += '\n';
  }
  if (text_.size() < kBufferBytes) return;
  write_(text_);
  text_.clear();
}

void PredictionTable::finish() {
  write_(text_);
  text_.clear();
}

void PredictionTable::add_prediction(std::span<const float> outputs) {
  told_.assign(outputs.begin(), outputs.end());
  loss_.predict(told_);
  const auto out = std::back_inserter(text_);
  if (!predicted_.classes.empty()) {
    if (told_.size() == 1) told_ = {1 - told_[0], told_[0]};
    add_classes(told_);
  } else if (told_.size() == 1 && loss_.predicts_probabilities()) {
    fmt::format_to(out, "{},{}", told_[0] >= 0.5f ? 1 : 0, told_[0]);
  } else {
    fmt::format_to(out, "{}", fmt::join(told_, ","));
  }
}

// The likeliest, of equals the first.
void PredictionTable::add_classes(std::span<const float> probabilities) {
  const auto best = std::max_element(probabilities.begin(), probabilities.end());
  text_ += class_cells_[static_cast<size_t>(best - probabilities.begin())];
  for (const float probability : probabilities) fmt::format_to(std::back_inserter(text_), ",{}", probability);
}

}  // namespace convoy
