// Rows of CSV as RFC 4180 has them: cells between delimiters, quoted where they hold a delimiter, a quotation mark
// (written twice) or a line end. Lines end in LF or CR LF, or all in CR; empty ones are skipped; spaces around a cell
// without quotes are none of it. Libcsv reads rows with quotation marks or lines in a cell; others are cut at their marks.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "datasets/table/csv_blocks.h"

namespace convoy {

using CsvCells = std::span<const std::string_view>;
// line: where the row begins. The cells are good until the visitor returns.
using CsvVisitor = std::function<void(int64_t line, CsvCells cells)>;

// Throws DataError, "line N: ...", about what is no CSV: also NUL bytes, and a block that ends within a row.
void read_rows(const CsvBlock& block, char delimiter, const CsvVisitor& visit);

// A cell as it is written where it may need quotation marks.
void append_csv_cell(std::string& text, std::string_view cell);

}  // namespace convoy
