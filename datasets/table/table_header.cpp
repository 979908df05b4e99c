#include "datasets/table/table_header.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <span>

#include "core/base/error.h"
#include "core/base/nearest_name.h"
#include "datasets/table/cell_value.h"
#include "datasets/table/csv_rows.h"

namespace convoy {
namespace {

constexpr size_t kRowsLookedAt = 200;

// First rows of a table. A row of another length is somebody else's mistake.
std::vector<std::vector<std::string>> first_rows(const CsvBlock& beginning, char delimiter) {
  std::vector<std::vector<std::string>> rows;
  struct Enough {};
  try {
    read_rows(beginning, delimiter, [&](int64_t, CsvCells cells) {
      rows.emplace_back(cells.begin(), cells.end());
      if (rows.size() == kRowsLookedAt) throw Enough();
    });
  } catch (const Enough&) {
  } catch (const DataError&) {
    if (rows.empty()) throw;
  }
  return rows;
}

bool looks_like_those_below(const std::vector<std::vector<std::string>>& rows) {
  const MissingValues missing;
  size_t columns_of_numbers = 0;
  for (size_t column = 0; column < rows[0].size(); ++column) {
    int64_t numbers = 0, others = 0;
    double ignored = 0;
    for (size_t row = 1; row < rows.size(); ++row) {
      if (rows[row].size() != rows[0].size()) continue;
      const CellKind kind = read_cell(rows[row][column], missing, ignored);
      if (kind != CellKind::missing) ++(kind == CellKind::number ? numbers : others);
    }
    if (numbers == 0 || others > 0) continue;
    ++columns_of_numbers;
    const CellKind first = read_cell(rows[0][column], missing, ignored);
    if (first != CellKind::number && (first != CellKind::missing || rows[0][column].empty())) return false;
  }
  return columns_of_numbers > 0;
}

bool holds_numbers_only(const std::vector<std::string>& cells) {
  double ignored = 0;
  const MissingValues missing;
  return std::all_of(cells.begin(), cells.end(),
                     [&](const std::string& cell) { return read_cell(cell, missing, ignored) == CellKind::number; });
}

std::string listed(const std::vector<std::string>& names) {
  constexpr size_t kShown = 30;
  const auto shown = std::span(names).subspan(0, std::min(names.size(), kShown));
  return fmt::format("{}{}", fmt::join(shown, ", "),
                     names.size() > kShown ? fmt::format(" and {} more", names.size() - kShown) : "");
}

}  // namespace

HeaderRow header_row_named(const std::string& name) {
  if (name == "auto") return HeaderRow::automatic;
  if (name == "yes") return HeaderRow::yes;
  if (name == "no") return HeaderRow::no;
  throw ConfigError(fmt::format("--header {}: there are auto, yes and no", name));
}

TableHeader read_header(const CsvBlock& beginning, char delimiter, HeaderRow rule) {
  const std::vector<std::vector<std::string>> rows = first_rows(beginning, delimiter);
  if (rows.empty()) throw DataError("holds no row; wanted a table");
  TableHeader header;
  if (rule == HeaderRow::automatic)
    header.is_row = rows.size() == 1 ? !holds_numbers_only(rows[0]) : !looks_like_those_below(rows);
  else
    header.is_row = rule == HeaderRow::yes;
  std::set<std::string> seen;
  for (size_t i = 0; i < rows[0].size(); ++i) {
    const bool has_name = header.is_row && !rows[0][i].empty();
    if (header.is_row && !has_name) ++header.unnamed;
    header.names.push_back(has_name ? rows[0][i] : fmt::format("column_{}", i + 1));
    if (!seen.insert(header.names.back()).second)
      throw DataError(fmt::format("line 1: two columns are named {}; give one of them another name",
                                  quoted_cell(header.names.back())));
  }
  return header;
}

size_t find_column(const TableHeader& header, const std::string& name, std::string_view option) {
  const auto found = std::find(header.names.begin(), header.names.end(), name);
  if (found != header.names.end()) return static_cast<size_t>(found - header.names.begin());
  throw DataError(fmt::format("{} {}: no column has this name{}; there are {}{}", option, name,
                              did_you_mean(name, header.names), listed(header.names),
                              header.is_row ? "" : ", since the first row is none of names (--header yes: it is)"));
}

}  // namespace convoy
