// The numbers of CSV files, as rows on disk: features in order, then the target.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/files.h"
#include "datasets/table/table_header.h"
#include "datasets/text/text_files.h"

namespace convoy {

class TableRows {
 public:
  // Makes the file. Throws FileError.
  TableRows(const std::filesystem::path& file, std::string target);

  // All rows of a file; shown: what messages call it. Throws DataError that names file, line and column of what is no
  // number, or a header that is not the first file's.
  void add(const TextFile& file, const std::string& shown, const ReadProgress& progress);
  // Everything is in the file from here on.
  void finish();

  const TableHeader& header() const { return *header_; }  // of the first file
  int64_t rows() const { return static_cast<int64_t>(contents_.size()); }
  const std::vector<uint64_t>& contents() const { return contents_; }  // by row: a hash of its numbers
  // Of columns whose whole numbers f32 does not have: what happens to them.
  std::vector<std::string> notes() const;

 private:
  void add_row(const std::string& shown, int64_t line, std::span<const std::string> cells);
  void check_header(const std::string& shown, std::span<const std::string> cells);
  float number(const std::string& shown, int64_t line, size_t column, const std::string& cell);

  std::string target_, first_file_;
  File out_;
  std::string buffer_;
  std::optional<TableHeader> header_;
  std::vector<float> row_;
  std::vector<uint64_t> contents_;
  std::vector<int64_t> rounded_;  // by column: how many
};

}  // namespace convoy
