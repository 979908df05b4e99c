#include "datasets/table/table_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <thread>
#include <utility>

#include "datasets/table/cell_value.h"
#include "datasets/table/csv_delimiter.h"

namespace convoy {
namespace {

constexpr unsigned kMostThreads = 16;

[[noreturn]] void refuse_other_header(const std::string& first, const TableHeader& wanted, const TableHeader& found) {
  for (size_t i = 0;; ++i) {
    const std::string here = i < found.names.size() ? quoted_cell(found.names[i]) : "not there",
                      there = i < wanted.names.size() ? quoted_cell(wanted.names[i]) : "not there";
    if (here != there)
      throw DataError(fmt::format("column {} is {}, in {} it is {}; all files want the same columns in one order",
                                  i + 1, here, first, there));
  }
}

// Where other characters stand between cells, all of the row is one name.
std::string separator_advice(const TableHeader& header, char delimiter) {
  if (header.names.size() != 1) return {};
  return fmt::format("; cells are taken to be parted by {}, name what parts them in --delimiter",
                     name_of_delimiter(delimiter));
}

}  // namespace

std::vector<std::string> TableFiles::shown() const {
  std::vector<std::string> names;
  for (const TableFile& file : files) names.push_back(file.shown);
  return names;
}

void rethrow_with_file(const std::string& shown) {
  try {
    throw;
  } catch (const DataError& error) {
    if (std::string_view(error.what()).starts_with(shown + ": ")) throw;
    throw DataError(fmt::format("{}: {}", shown, error.what()));
  }
}

TableFiles open_table(std::vector<TableFile> files, char delimiter, HeaderRow rule) {
  TableFiles table{
      std::move(files), ',', {}, static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1u, kMostThreads))};
  for (size_t i = 0; i < table.files.size(); ++i) try {
      const CsvBlocks blocks(table.files[i].file);
      const CsvBlock* beginning = blocks.beginning();
      if (beginning == nullptr) throw DataError("is empty; wanted a row with names of columns, then rows of cells");
      if (i == 0) {
        table.delimiter = delimiter != 0 ? delimiter : find_delimiter(*beginning);
        table.header = read_header(*beginning, table.delimiter, rule);
        if (table.header.names.size() == 1)
          throw DataError(fmt::format("{} is the only column; wanted others to tell it from{}",
                                      quoted_cell(table.header.names[0]),
                                      separator_advice(table.header, table.delimiter)));
        continue;
      }
      const TableHeader header =
          read_header(*beginning, table.delimiter, table.header.is_row ? HeaderRow::yes : HeaderRow::no);
      if (header.names != table.header.names) refuse_other_header(table.files[0].shown, table.header, header);
    } catch (const DataError&) {
      rethrow_with_file(table.files[i].shown);
    }
  return table;
}

std::string describe_table(const TableFiles& table) {
  return fmt::format("{} between cells, {}", name_of_delimiter(table.delimiter),
                     table.header.is_row ? "a header" : "no header: columns are called column_1, column_2, ...");
}

void read_table_rows(const CsvBlock& block, char delimiter, const TableHeader& header, const CsvVisitor& visit) {
  bool is_header = block.is_first && header.is_row;
  const size_t columns = header.names.size();
  read_rows(block, delimiter, [&](int64_t line, CsvCells cells) {
    if (std::exchange(is_header, false)) return;
    if (cells.size() != columns)
      throw DataError(
          fmt::format("line {}: {} cells, wanted {} as the first row has; add what is missing, or put cells "
                      "with a {} in quotation marks",
                      line, cells.size(), columns, name_of_delimiter(delimiter)));
    if (header.is_row && cells[0] == header.names[0] && std::equal(cells.begin(), cells.end(), header.names.begin()))
      throw DataError(
          fmt::format("line {}: the header stands here again; remove the line, or name the files that were "
                      "joined one by one",
                      line));
    visit(line, cells);
  });
}

}  // namespace convoy
