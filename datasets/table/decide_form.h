// From what the cells of a table are to what becomes of its columns.
//
// A column of numbers alone is a number; of true, false, yes and no a boolean, 0 or 1; of dates a number of days; of
// other text a category, or, where it has too many different texts, it is dropped, as is one that is the same in all
// rows. Numbers among which a few cells are none are a mistake: if it is one cell, or if there are eight times as many
// different numbers as different texts. A target of numbers is a number, of text a class, unless it is said what it is.
#pragma once

#include <string>
#include <vector>

#include "datasets/table/column_census.h"
#include "datasets/table/table_form.h"
#include "datasets/table/table_header.h"

namespace convoy {

enum class TargetType { automatic, number, classes };
TargetType target_type_named(const std::string& name);  // auto, number, class; throws ConfigError

struct FormRules {
  std::string target;
  TargetType target_type = TargetType::automatic;
  std::vector<std::string> dropped;  // names
  bool one_hot = true;
  bool keep_constant = false;     // numbers that are the same in all rows, where columns have places as pixels do
  int64_t most_categories = 100;  // of a column
  MissingRule missing = MissingRule::mean;
  std::vector<std::string> missing_values;
};

inline constexpr int64_t kMostClasses = 65536;

struct DecidedForm {
  TableForm form;  // without fills
  std::vector<std::string> notes;
};

// How many different cells each column's census must tell apart.
std::vector<ColumnCensus> census_for(const FormRules& rules, const TableHeader& header);

// shown: of files, what messages call them. Throws DataError that names file, line, column and cell of what does not
// fit.
DecidedForm decide_form(const FormRules& rules, const TableHeader& header, const std::vector<ColumnCensus>& columns,
                        const std::vector<std::string>& shown);

// A line for each column: name, type, missing cells, what becomes of it.
std::string describe_form(const TableForm& form);

}  // namespace convoy
