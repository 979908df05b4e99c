// The names of a table's columns.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "datasets/table/csv_blocks.h"

namespace convoy {

enum class HeaderRow { automatic, yes, no };
HeaderRow header_row_named(const std::string& name);  // auto, yes, no; throws ConfigError in the words of --header

struct TableHeader {
  std::vector<std::string> names;  // of a table without header: column_1, column_2, ...
  bool is_row = true;              // the first row has them
  size_t unnamed = 0;              // cells of it that were empty: column_3
};

// Automatic: the first row is no header if it looks like those below it, having a number in each
// column in which all of these have one, where there is such a column. Throws DataError without the file's name: no
// row, or two columns of one name.
TableHeader read_header(const CsvBlock& beginning, char delimiter, HeaderRow rule);

// Throws DataError, with the nearest name, unless one of the columns is called so. option: "--target".
size_t find_column(const TableHeader& header, const std::string& name, std::string_view option);

}  // namespace convoy
