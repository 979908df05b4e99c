#include "datasets/table/csv_reader.h"

#include <csv.h>
#include <fmt/format.h>

#include <exception>
#include <string_view>
#include <vector>

#include "core/base/error.h"

namespace convoy {
namespace {

constexpr int64_t kReadBytes = 1 << 20;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// Libcsv is C: what it calls back only collects, and a row is handed out when it has returned.
class CsvParser {
 public:
  explicit CsvParser(const CsvVisitor& visit) : visit_(visit) {
    if (csv_init(&parser_, CSV_STRICT | CSV_STRICT_FINI) != 0) throw InternalError("libcsv cannot begin");
    between_rows_ = parser_.pstate;
  }
  ~CsvParser() { csv_free(&parser_); }
  CsvParser(const CsvParser&) = delete;
  CsvParser& operator=(const CsvParser&) = delete;

  // A piece of the text that ends where a line does, or where the text does.
  void add(std::string_view piece) {
    ++line_;
    if (parser_.pstate == between_rows_ && cells_used_ == 0) row_line_ = line_;
    const size_t done = csv_parse(&parser_, piece.data(), piece.size(), on_cell, on_row, this);
    rethrow();
    if (done != piece.size()) throw_malformed();
    hand_out();
  }
  void finish() {
    const int status = csv_fini(&parser_, on_cell, on_row, this);
    rethrow();
    if (status != 0)
      throw DataError(
          fmt::format("line {}: a cell of this row begins with a quotation mark and none ends it; add it", row_line_));
    hand_out();
  }

 private:
  static void on_cell(void* text, size_t bytes, void* self) {
    static_cast<CsvParser*>(self)->collect({static_cast<const char*>(text), bytes});
  }
  static void on_row(int, void* self) { static_cast<CsvParser*>(self)->row_ends(); }

  void collect(std::string_view cell) noexcept try {
    if (cells_used_ == cells_.size()) cells_.emplace_back();
    cells_[cells_used_++] = cell;
  } catch (...) {
    failure_ = std::current_exception();
  }
  void row_ends() noexcept try { row_ends_.push_back(cells_used_); } catch (...) {
    failure_ = std::current_exception();
  }

  // Several where a row ends with a CR alone.
  void hand_out() {
    size_t begin = 0;
    for (const size_t end : row_ends_) {
      visit_(row_line_, std::span(cells_).subspan(begin, end - begin));
      begin = end;
    }
    if (row_ends_.empty()) return;
    for (size_t i = begin; i < cells_used_; ++i) std::swap(cells_[i - begin], cells_[i]);
    cells_used_ -= begin;
    row_ends_.clear();
    row_line_ = line_;
  }

  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

  [[noreturn]] void throw_malformed() {
    if (csv_error(&parser_) != CSV_EPARSE)
      throw InternalError(fmt::format("line {}: libcsv: {}", line_, csv_strerror(csv_error(&parser_))));
    throw DataError(fmt::format(
        "line {}: a quotation mark stands in the middle of a cell, or text behind the one that ends it; put "
        "the whole cell in quotation marks and write those within it twice",
        line_));
  }

  const CsvVisitor& visit_;
  csv_parser parser_{};
  int between_rows_ = 0;
  int64_t line_ = 0, row_line_ = 1;
  std::vector<std::string> cells_;  // reused: the first cells_used_ are the row's so far
  size_t cells_used_ = 0;
  std::vector<size_t> row_ends_;  // of rows that have not been handed out
  std::exception_ptr failure_;
};

}  // namespace

void read_csv(const TextFile& file, const CsvVisitor& visit, const ReadProgress& progress) {
  CsvParser parser(visit);
  std::string line;  // begun in an earlier piece
  bool first = true;
  read_pieces(file, 0, file.bytes, kReadBytes, [&](std::string_view text) {
    const auto bytes = static_cast<int64_t>(text.size());
    if (first && text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    first = false;
    for (size_t end; (end = text.find('\n')) != std::string_view::npos; text.remove_prefix(end + 1)) {
      const std::string_view rest = text.substr(0, end + 1);
      if (line.empty())
        parser.add(rest);
      else
        parser.add(line += rest), line.clear();
    }
    line += text;
    progress(bytes);
  });
  if (!line.empty()) parser.add(line);
  parser.finish();
}

}  // namespace convoy
