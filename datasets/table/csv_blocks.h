// A CSV file in pieces that end where rows do, so that each can be read on its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "datasets/text/text_reader.h"

namespace convoy {

struct CsvBlock {
  std::string text;
  int64_t first_line = 1;  // from 1
  bool is_first = false;   // of its file
  char line_end = '\n';    // or '\r', where the file has no other
};

class CsvBlocks {
 public:
  static constexpr size_t kBlockBytes = 1 << 20;
  static constexpr size_t kMostRowBytes = 16 << 20;

  // Begins to read; a pipe too. A byte order mark is no part of the text. Throws FileError.
  explicit CsvBlocks(const TextFile& file);

  // What next() will give first, until then. Null: the file is empty.
  const CsvBlock* beginning() const { return first_ ? &*first_ : nullptr; }

  // False at the end. A row ends at a line end outside quotation marks; of a row that is longer than kMostRowBytes, or
  // that never ends, the block is a part of it, in which whoever reads it misses the end.
  bool next(CsvBlock& block);

 private:
  bool read(CsvBlock& block);

  TextReader reader_;
  std::string rest_;  // read already
  bool ended_ = false;
  char line_end_ = '\n';
  int64_t line_ = 1;
  std::optional<CsvBlock> first_;
};

}  // namespace convoy
