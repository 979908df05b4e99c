// Second reading of a table: its rows as numbers, in a file until they are dealt out to the splits.
//
// A row is its numbers, its categories, then the target, four bytes each; a number that is missing is NaN.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "datasets/table/table_encoder.h"
#include "datasets/table/table_files.h"

namespace convoy {

// Rows that were read together.
struct RowBlock {
  int64_t first = 0, rows = 0;
  std::optional<Split> split;       // of all of them; absent: they are dealt out
  std::vector<int64_t> of_classes;  // rows of each class before them that are dealt out
};

struct TableRows {
  std::filesystem::path file;
  size_t numbers = 0, ids = 0;  // of a row
  std::vector<RowBlock> blocks;
  std::vector<int64_t> class_rows;  // that are dealt out, by class; one where there are none
  int64_t rows = 0;
  int64_t without_target = 0, missing = 0;  // rows that were left out

  size_t words() const { return numbers + ids + 1; }
};

// Throws DataError that names file, line and cell, and FileError.
TableRows write_table_rows(const TableFiles& table, const TableForm& form, const TableEncoder& encoder,
                           const std::filesystem::path& file, const ReadProgress& progress);

}  // namespace convoy
