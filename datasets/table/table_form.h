// What a table's rows are to a model: each column's type, and what becomes of it. The import finds it out, the dataset
// and every model trained on it keep it as JSON (preprocessing.json), and `predict` reads tables by it.
//
// A row becomes up to three fields: "x" (F) f32, numbers, and categories as one column each ("sex=male"); "categories"
// (K) i32, where categories are whole numbers, counted on from column to column, so that one embedding serves all; and
// "y", the target: (1) f32, or () i32 and the names of classes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace convoy {

// What becomes of a row in which a used cell is missing. In every rule but drop and error a category has its own class
// for what is missing.
enum class MissingRule : uint8_t {
  mean,      // a number becomes the mean of the training split
  median,    // its median
  category,  // the mean, and a column more says 1 where it was missing, else 0
  drop,      // the row is left out
  error,
};
std::string_view name_of(MissingRule rule);
MissingRule missing_rule_named(const std::string& name);  // throws ConfigError in the words of --missing

enum class ColumnType : uint8_t { number, boolean, date, category, dropped };
std::string_view name_of(ColumnType type);

struct TableColumn {
  std::string name;
  ColumnType type = ColumnType::number;
  std::string reason;                   // why it was dropped
  int64_t missing = 0;                  // cells, when it was imported
  std::optional<double> fill;           // what a missing number becomes; absent: rows without it are of no use
  bool has_indicator = false;           // a column more says where it was missing
  std::vector<std::string> categories;  // in the order of their numbers; of the target: classes
  bool missing_is_category = false;     // the one behind them
  int64_t most_frequent = 0;            // of the categories: what a missing one becomes otherwise
  bool operator==(const TableColumn&) const = default;

  // Of a category, with the one of what is missing.
  int64_t categories_in_all() const { return static_cast<int64_t>(categories.size()) + (missing_is_category ? 1 : 0); }
};

struct TableForm {
  bool has_header = true;  // otherwise columns are called column_1, column_2, ...
  bool one_hot = true;     // categories are columns of x
  MissingRule missing = MissingRule::mean;
  std::vector<std::string> missing_values;
  std::vector<TableColumn> columns;  // in the order of the file
  size_t target = 0;                 // of them
  bool operator==(const TableForm&) const = default;

  bool has_classes() const { return columns[target].type == ColumnType::category; }
  bool is_feature(size_t column) const { return column != target && columns[column].type != ColumnType::dropped; }
  // "a", "sex=male", "sex=(missing)", "age=(missing)": of each element of x.
  std::vector<std::string> x_columns() const;
  // Columns that are whole numbers in the field "categories", and the names of all of these numbers.
  std::vector<std::string> category_columns() const;
  std::vector<std::string> category_names() const;
};

inline constexpr const char* kTablePreprocessing = "table";  // "kind" of the JSON
inline constexpr const char* kCategoriesField = "categories";

std::string to_json(const TableForm& form);
// Throws DataError, without a file's name, if it is no such text.
TableForm table_form_from(const std::string& json);

}  // namespace convoy
