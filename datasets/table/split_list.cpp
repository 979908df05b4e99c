#include "datasets/table/split_list.h"

#include "core/base/error.h"
#include "datasets/table/csv_rows.h"

namespace convoy {

std::vector<std::string> split_list(const std::string& text) try {
  std::vector<std::string> names;
  CsvBlock block;
  block.text = text;
  read_rows(block, ',', [&](int64_t, CsvCells cells) { names.insert(names.end(), cells.begin(), cells.end()); });
  return names;
} catch (const DataError&) {
  throw ConfigError("the list " + text +
                    " is none of names with commas between them; put a name that has a comma or a "
                    "quotation mark in quotation marks and write those within it twice");
}

}  // namespace convoy
