#include "datasets/table/column_census.h"

#include <algorithm>
#include <cmath>

#include "datasets/table/parse_number.h"

namespace convoy {
namespace {

void note_first(std::optional<CellPlace>& place, std::string_view cell, size_t file, int64_t line) {
  if (!place) place = CellPlace{file, line, std::string(cell)};
}

}  // namespace

void TextCounts::add(std::string_view text, int64_t times) {
  if (too_many_) return;
  if (const auto found = counts_.find(text); found != counts_.end()) {
    found->second += times;
  } else if (counts_.size() < most_) {
    counts_.emplace(text, times);
  } else {
    too_many_ = true;
    counts_.clear();
  }
}

void TextCounts::add(const TextCounts& other) {
  if (other.too_many_) {
    too_many_ = true;
    counts_.clear();
  }
  for (const auto& [text, times] : other.counts_) add(text, times);
}

std::vector<std::pair<std::string, int64_t>> TextCounts::sorted() const {
  std::vector<std::pair<std::string, int64_t>> all(counts_.begin(), counts_.end());
  std::sort(all.begin(), all.end());
  return all;
}

void ColumnCensus::add(std::string_view cell, const MissingValues& missing, size_t file, int64_t line) {
  double value = 0;
  const CellKind kind = read_cell(cell, missing, value);
  if (kind == CellKind::number) return add_number(cell, value);
  if (kind == CellKind::missing) {
    ++missing_;
    return note_first(first_missing_, cell, file, line);
  }
  ++(kind == CellKind::boolean ? booleans_ : kind == CellKind::date ? dates_ : words_);
  if (kind != CellKind::date) note_first(first_no_date_, cell, file, line);
  note_first(first_other_, cell, file, line);
  texts_.add(cell);
}

void ColumnCensus::add_number(std::string_view cell, double value) {
  if (numbers_ == 0)
    first_ = value;
  else
    all_equal_ = all_equal_ && value == first_, in_steps_ = in_steps_ && value == last_ + 1;
  last_ = value;
  ++numbers_;
  if (value == std::trunc(value)) ++whole_;
  if (is_rounded(value)) ++rounded_;
  if (!number_texts_.too_many()) number_texts_.add(cell);
}

void ColumnCensus::add(const ColumnCensus& later) {
  if (numbers_ == 0) {
    first_ = later.first_;
    all_equal_ = later.all_equal_, in_steps_ = later.in_steps_;
  } else if (later.numbers_ > 0) {
    all_equal_ = all_equal_ && later.all_equal_ && later.first_ == first_;
    in_steps_ = in_steps_ && later.in_steps_ && later.first_ == last_ + 1;
  }
  if (later.numbers_ > 0) last_ = later.last_;
  missing_ += later.missing_, numbers_ += later.numbers_, whole_ += later.whole_, booleans_ += later.booleans_;
  dates_ += later.dates_, words_ += later.words_, rounded_ += later.rounded_;
  texts_.add(later.texts_);
  number_texts_.add(later.number_texts_);
  if (!first_missing_) first_missing_ = later.first_missing_;
  if (!first_other_) first_other_ = later.first_other_;
  if (!first_no_date_) first_no_date_ = later.first_no_date_;
}

}  // namespace convoy
