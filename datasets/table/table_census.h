// First reading of a table: what its cells are.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "datasets/table/column_census.h"
#include "datasets/table/decide_form.h"
#include "datasets/table/table_files.h"

namespace convoy {

struct TableCensus {
  std::vector<ColumnCensus> columns;
  int64_t rows = 0;
};

// Throws DataError that names file and line of what is no table.
TableCensus take_census(const TableFiles& table, const FormRules& rules, const ReadProgress& progress);

}  // namespace convoy
