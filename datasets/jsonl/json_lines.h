// The lines of files of JSON lines, some of them at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/files.h"
#include "datasets/text/text_files.h"

namespace convoy {

struct LineBatch {
  size_t file = 0;
  int64_t first_line = 1;
  std::string text;  // whole lines
};

class JsonLines {
 public:
  static constexpr size_t kBatchBytes = 256 << 10;  // or one line
  static constexpr size_t kMostLineBytes = 64 << 20;

  // files live longer, and none is a pipe.
  explicit JsonLines(const std::vector<TextFile>& files) : files_(files) {}

  // False: there are no more. Throws DataError for a line that is too long to be one.
  bool next(LineBatch& batch);

 private:
  bool read_more(std::string& text);  // false: the file ends

  const std::vector<TextFile>& files_;
  size_t file_ = 0;
  std::optional<File> open_;
  int64_t offset_ = 0, line_ = 1;
  std::string rest_;  // of the last batch: a line that has begun
};

// body(line, its number) for every line of a batch that is not blank.
template <class Body>
void for_lines(const LineBatch& batch, const Body& body) {
  int64_t number = batch.first_line;
  for (std::string_view text = batch.text; !text.empty(); ++number) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    if (line.find_first_not_of(" \t\r") != std::string_view::npos) body(line, number);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

}  // namespace convoy
