#include "datasets/table/table_header.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "core/base/error.h"
#include "datasets/table/parse_number.h"

namespace convoy {
namespace {

std::string listed(const std::vector<std::string>& names) {
  constexpr size_t kShown = 30;
  const auto shown = std::span(names).subspan(0, std::min(names.size(), kShown));
  return fmt::format("{}{}", fmt::join(shown, ", "),
                     names.size() > kShown ? fmt::format(" and {} more", names.size() - kShown) : "");
}

void check_column_names(const std::vector<std::string>& names) {
  std::set<std::string> seen;
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty()) throw DataError(fmt::format("column {} has no name; the first row names each column", i + 1));
    if (!seen.insert(names[i]).second)
      throw DataError(fmt::format("two columns are named \"{}\"; give one of them another name", names[i]));
  }
}

// Where other characters stand between cells, all of the row is one name.
std::string separator_advice(const std::vector<std::string>& names) {
  if (names.size() != 1) return {};
  for (const auto& [character, name] : {std::pair{';', "semicolons"}, {'\t', "tabs"}, {'|', "bars"}})
    if (names[0].find(character) != std::string::npos)
      return fmt::format("; it looks as if {} stood between cells, save the table with commas", name);
  return {};
}

}  // namespace

std::vector<std::string> TableHeader::features() const {
  std::vector<std::string> others = names;
  others.erase(others.begin() + static_cast<std::ptrdiff_t>(target));
  return others;
}

TableHeader read_header(std::span<const std::string> cells, const std::string& target) {
  TableHeader header{{cells.begin(), cells.end()}, 0};
  if (std::all_of(cells.begin(), cells.end(),
                  [](const std::string& cell) { return parse_number(cell).problem.empty(); }))
    throw DataError("the first row holds numbers only, wanted the names of the columns; write a row of names above it");
  check_column_names(header.names);
  const auto found = std::find(header.names.begin(), header.names.end(), target);
  if (found == header.names.end())
    throw DataError(fmt::format("--target {}: no column has this name; there are {}{}", target, listed(header.names),
                                separator_advice(header.names)));
  if (header.names.size() == 1)
    throw DataError(fmt::format("{} is the only column; wanted others to tell it from", target));
  header.target = static_cast<size_t>(found - header.names.begin());
  return header;
}

}  // namespace convoy
