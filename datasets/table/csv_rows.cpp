#include "datasets/table/csv_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "datasets/table/marks.h"
#include "datasets/table/quoted_rows.h"

namespace convoy {
namespace {

std::string_view without_spaces(const char* begin, const char* end) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (begin < end && is_space(*begin)) ++begin;
  while (begin < end && is_space(end[-1])) --end;
  return {begin, static_cast<size_t>(end - begin)};
}

class RowReader {
 public:
  RowReader(const CsvBlock& block, char delimiter, const CsvVisitor& visit)
      : delimiter_(delimiter),
        line_end_(block.line_end),
        visit_(visit),
        at_(block.text.data()),
        end_(at_ + block.text.size()),
        line_(block.first_line),
        marks_(block.text, delimiter, block.line_end, '"'),
        quoted_(delimiter) {}

  void run() {
    while (at_ < end_)
      if (!read_plain()) read_quoted();
  }

 private:
  // The row that begins here, unless there is something in it that is left to Libcsv: quotation marks that do not
  // enclose a cell from its first byte to its last, or that stand within one; cells of several lines.
  bool read_plain() {
    cells_.clear();
    bool quoted = false;
    for (const char* begin = at_;;) {
      const char* mark = marks_.next();
      std::string_view cell;
      if (mark < end_ && *mark == '"') {
        const char* closing = mark == begin ? next_quotation_mark() : end_;
        if (closing == end_) return false;
        cell = {begin + 1, static_cast<size_t>(closing - begin) - 1};
        quoted = true;
        mark = marks_.next();
        const bool ends_line = mark == closing + 2 && closing[1] == '\r' && mark < end_ && *mark == line_end_;
        if (mark != closing + 1 && !ends_line) return false;
        if (mark < end_ && *mark == '"') return false;
      } else {
        cell = without_spaces(begin, mark > begin && mark[-1] == '\r' && !is_delimiter(mark) ? mark - 1 : mark);
      }
      cells_.push_back(cell);
      if (is_delimiter(mark)) {
        begin = mark + 1;
        continue;
      }
      if (quoted && (cells_.size() == 1 || has_lone_return(mark))) return false;
      at_ = std::min(mark + 1, end_);
      if (cells_.size() > 1 || !cells_[0].empty()) visit_(line_, cells_);
      ++line_;
      return true;
    }
  }

  bool is_delimiter(const char* mark) const { return mark < end_ && *mark == delimiter_; }
  // On the same line; the end of the text where there is none.
  const char* next_quotation_mark() {
    for (;;) {
      const char* mark = marks_.next();
      if (mark == end_ || *mark == line_end_) return end_;
      if (*mark == '"') return mark;
    }
  }
  // Which ends a row where there are quotation marks in it.
  bool has_lone_return(const char* row_end) const {
    const char* end = row_end > at_ && row_end[-1] == '\r' ? row_end - 1 : row_end;
    return std::memchr(at_, '\r', static_cast<size_t>(end - at_)) != nullptr;
  }

  void read_quoted() {
    bool open = false;
    int64_t lines = 0;
    const char* end = at_;
    for (; end < end_; ++end) {
      if (*end == '"') open = !open;
      if (*end != line_end_) continue;
      ++lines;
      if (!open) break;
    }
    end = std::min(end + 1, end_);
    quoted_.read({at_, static_cast<size_t>(end - at_)}, line_, visit_);
    at_ = end;
    line_ += lines;
    marks_.go_to(at_);
  }

  char delimiter_, line_end_;
  const CsvVisitor& visit_;
  const char *at_, *end_;
  int64_t line_;
  Marks marks_;
  QuotedRows quoted_;
  std::vector<std::string_view> cells_;
};

void refuse_nul_bytes(const CsvBlock& block) {
  const size_t at = block.text.find('\0');
  if (at == std::string::npos) return;
  const auto lines =
      std::count(block.text.begin(), block.text.begin() + static_cast<std::ptrdiff_t>(at), block.line_end);
  throw DataError(fmt::format(
      "line {}: a NUL byte, which no text has; the file is damaged or of another kind, export the table again",
      block.first_line + lines));
}

}  // namespace

void read_rows(const CsvBlock& block, char delimiter, const CsvVisitor& visit) {
  refuse_nul_bytes(block);
  RowReader(block, delimiter, visit).run();
}

void append_csv_cell(std::string& text, std::string_view cell) {
  const bool plain = cell.find_first_of(",\"\r\n") == std::string_view::npos &&
                     (cell.empty() || (cell.front() != ' ' && cell.back() != ' '));
  if (plain) {
    text += cell;
    return;
  }
  text += '"';
  for (const char c : cell) {
    if (c == '"') text += '"';
    text += c;
  }
  text += '"';
}

}  // namespace convoy
