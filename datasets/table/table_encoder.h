// Cells of a row to numbers, as a form says.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "datasets/table/cell_value.h"
#include "datasets/table/csv_rows.h"
#include "datasets/table/table_form.h"
#include "datasets/table/text_hash.h"

namespace convoy {

// What a cell that is none of a column's categories becomes: a refusal, or what a missing one becomes.
enum class UnknownCategory { error, missing };

class TableEncoder {
 public:
  // place: by column of the form, where it stands in a row; absent: the row does not have it, which only the target and
  // what is dropped may lack. The form must outlive the encoder.
  TableEncoder(const TableForm& form, std::vector<std::optional<size_t>> place, UnknownCategory unknown);

  // Elements of the fields of a sample.
  size_t x() const { return x_; }
  size_t categories() const { return categories_; }

  // A row as its columns are: numbers, the indicator of one behind it, and the number of each category within its
  // column.
  size_t numbers() const { return numbers_; }
  size_t ids() const { return ids_; }
  struct Row {
    std::span<float> numbers;
    std::span<int32_t> ids;
    float number = 0;  // the target, or
    int32_t label = 0;
  };
  enum class Use { whole, without_target, missing };  // missing: a cell that the rule wants is not there
  // A missing number that has no fill becomes NaN. Throws DataError, "column "a": ...", about a cell that does not fit.
  // Any thread may call it.
  Use encode(CsvCells cells, Row& row) const;
  // The fields of such a row.
  void expand(const float* numbers, const int32_t* ids, float* x, int32_t* categories) const;

 private:
  struct Plan {
    const TableColumn* column;
    size_t place;          // in the table's row
    size_t at = 0;         // in the row's numbers, or in its ids
    size_t field_at = 0;   // in x, or in categories
    int32_t first_id = 0;  // of categories that are whole numbers
    std::unordered_map<std::string, int32_t, TextHash, std::equal_to<>> ids = {};
  };

  void add(const TableColumn& column, size_t place);
  static Plan plan_of(const TableColumn& column, size_t place);
  bool encode_feature(const Plan& plan, std::string_view cell, Row& row) const;
  bool encode_category(const Plan& plan, std::string_view cell, Row& row) const;
  double number_of(const Plan& plan, std::string_view cell, bool& is_missing) const;

  const TableForm& form_;
  MissingValues missing_;
  UnknownCategory unknown_;
  std::vector<Plan> plans_;  // of features
  std::optional<Plan> target_;
  size_t x_ = 0, categories_ = 0, numbers_ = 0, ids_ = 0;
  int32_t next_id_ = 0;
};

}  // namespace convoy
