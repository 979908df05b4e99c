// What the cells of a column are: counted block by block, then put together in their order.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "datasets/table/cell_value.h"
#include "datasets/table/text_hash.h"

namespace convoy {

// Where a cell stands.
struct CellPlace {
  size_t file = 0;
  int64_t line = 0;
  std::string cell;
};

// Different texts and how often each occurs, as long as there are not too many.
class TextCounts {
 public:
  explicit TextCounts(size_t most = 0) : most_(most) {}

  void add(std::string_view text, int64_t times = 1);
  void add(const TextCounts& other);
  // There were more than `most` texts: they are no longer counted.
  bool too_many() const { return too_many_; }
  size_t size() const { return counts_.size(); }
  std::vector<std::pair<std::string, int64_t>> sorted() const;

 private:
  size_t most_;
  bool too_many_ = false;
  std::unordered_map<std::string, int64_t, TextHash, std::equal_to<>> counts_;
};

class ColumnCensus {
 public:
  // most_texts, most_numbers: different cells of each sort that are told apart.
  ColumnCensus(size_t most_texts, size_t most_numbers) : texts_(most_texts), number_texts_(most_numbers) {}

  void add(std::string_view cell, const MissingValues& missing, size_t file, int64_t line);
  void add(const ColumnCensus& later);

  int64_t values() const { return numbers_ + others(); }  // that are not missing
  int64_t others() const { return booleans_ + dates_ + words_; }
  int64_t missing() const { return missing_; }
  int64_t numbers() const { return numbers_; }
  int64_t booleans() const { return booleans_; }
  int64_t dates() const { return dates_; }
  int64_t rounded() const { return rounded_; }
  bool all_whole() const { return whole_ == numbers_; }
  double first() const { return first_; }        // of its numbers
  bool all_equal() const { return all_equal_; }  // of its numbers
  bool counts_rows() const {
    return in_steps_ && numbers_ > 2 && all_whole();
  }                                                   // each number is one more than that before
  const TextCounts& texts() const { return texts_; }  // of what is no number
  const TextCounts& number_texts() const { return number_texts_; }

  // The first cell of its sort.
  const std::optional<CellPlace>& first_missing() const { return first_missing_; }
  const std::optional<CellPlace>& first_other() const { return first_other_; }  // that is no number
  const std::optional<CellPlace>& first_no_date() const { return first_no_date_; }

 private:
  void add_number(std::string_view cell, double value);

  int64_t missing_ = 0, numbers_ = 0, whole_ = 0, booleans_ = 0, dates_ = 0, words_ = 0, rounded_ = 0;
  double first_ = 0, last_ = 0;
  bool all_equal_ = true, in_steps_ = true;
  TextCounts texts_, number_texts_;
  std::optional<CellPlace> first_missing_, first_other_, first_no_date_;
};

}  // namespace convoy
