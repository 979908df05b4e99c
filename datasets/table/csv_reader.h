// Rows of CSV files as RFC 4180 has them: cells between commas, quoted where they hold a comma, a quotation mark
// (written twice) or a line end. Lines end in LF or CR LF; empty ones are skipped; spaces around a cell without quotes
// are none of it, and a byte order mark in front neither. Libcsv reads.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "datasets/text/text_files.h"

namespace convoy {

// line: where the row begins, from 1. The cells are good until the visitor returns.
using CsvVisitor = std::function<void(int64_t line, std::span<const std::string> cells)>;

// Throws DataError, "line N: ...", about what is no CSV, and FileError.
void read_csv(const TextFile& file, const CsvVisitor& visit, const ReadProgress& progress);

}  // namespace convoy
