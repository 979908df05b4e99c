#include "datasets/table/quoted_rows.h"

#include <csv.h>
#include <fmt/format.h>

#include <exception>
#include <string>
#include <vector>

#include "core/base/error.h"

namespace convoy {

// Libcsv is C: what it calls back only collects, and rows are handed out when it has returned.
struct QuotedRows::Parser {
  explicit Parser(char delimiter) {
    if (csv_init(&csv, CSV_STRICT | CSV_STRICT_FINI) != 0) throw InternalError("libcsv cannot begin");
    csv_set_delim(&csv, static_cast<unsigned char>(delimiter));
  }
  ~Parser() { csv_free(&csv); }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  static void on_cell(void* text, size_t bytes, void* self) {
    static_cast<Parser*>(self)->collect({static_cast<const char*>(text), bytes});
  }
  static void on_row(int, void* self) { static_cast<Parser*>(self)->end_row(); }
  void collect(std::string_view cell) noexcept try { cells.emplace_back(cell); } catch (...) {
    failure = std::current_exception();
  }
  void end_row() noexcept try { ends.push_back(cells.size()); } catch (...) {
    failure = std::current_exception();
  }

  csv_parser csv{};
  std::vector<std::string> cells;
  std::vector<size_t> ends;  // of rows: several where a CR stands alone
  std::exception_ptr failure;
};

QuotedRows::QuotedRows(char delimiter) : delimiter_(delimiter) {}
QuotedRows::~QuotedRows() = default;

void QuotedRows::read(std::string_view row, int64_t line, const CsvVisitor& visit) {
  if (!parser_) parser_ = std::make_unique<Parser>(delimiter_);
  Parser& parser = *parser_;
  parser.cells.clear();
  parser.ends.clear();
  const size_t done = csv_parse(&parser.csv, row.data(), row.size(), Parser::on_cell, Parser::on_row, &parser);
  const bool is_whole = done == row.size();
  const bool is_closed = is_whole && csv_fini(&parser.csv, Parser::on_cell, Parser::on_row, &parser) == 0;
  if (parser.failure) std::rethrow_exception(parser.failure);
  if (!is_whole)
    throw DataError(fmt::format(
        "line {}: a quotation mark stands in the middle of a cell, or text behind the one that ends it; put "
        "the whole cell in quotation marks and write those within it twice",
        line));
  if (!is_closed)
    throw DataError(
        row.size() < CsvBlocks::kMostRowBytes
            ? fmt::format("line {}: a cell of this row begins with a quotation mark and none ends it; add it", line)
            : fmt::format("line {}: this row does not end within {} MiB; a quotation mark that begins a "
                          "cell and that none ends makes one cell of all that follows: add it",
                          line, CsvBlocks::kMostRowBytes >> 20));
  std::vector<std::string_view> cells(parser.cells.begin(), parser.cells.end());
  size_t begin = 0;
  for (const size_t end : parser.ends) {
    visit(line, std::span(cells).subspan(begin, end - begin));
    begin = end;
  }
}

}  // namespace convoy
