// Rows that have quotation marks, read by libcsv.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "datasets/table/csv_rows.h"

namespace convoy {

class QuotedRows {
 public:
  explicit QuotedRows(char delimiter);
  ~QuotedRows();

  // A row with its line end. Throws DataError about what is no CSV, and is then of no more use.
  void read(std::string_view row, int64_t line, const CsvVisitor& visit);

 private:
  struct Parser;
  char delimiter_;
  std::unique_ptr<Parser> parser_;  // once it is needed
};

}  // namespace convoy
