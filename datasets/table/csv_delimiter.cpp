#include "datasets/table/csv_delimiter.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <utility>

#include "core/base/error.h"
#include "datasets/table/csv_rows.h"

namespace convoy {
namespace {

constexpr std::array kDelimiters = {std::pair{',', "comma"}, std::pair{';', "semicolon"}, std::pair{'\t', "tab"},
                                    std::pair{'|', "bar"}};
constexpr size_t kLookedAtBytes = 1 << 16;

struct Fit {
  double agreeing = 0;  // share of rows with as many cells as the first
  size_t cells = 0;
  bool operator>(const Fit& other) const {
    return agreeing != other.agreeing ? agreeing > other.agreeing : cells > other.cells;
  }
};

Fit fit_of(const CsvBlock& block, char delimiter) {
  size_t cells = 0;
  int64_t rows = 0, agreeing = 0;
  try {
    read_rows(block, delimiter, [&](int64_t, CsvCells row) {
      if (rows++ == 0) cells = row.size();
      agreeing += row.size() == cells ? 1 : 0;
    });
  } catch (const DataError&) {
    return {};  // quotation marks within cells
  }
  return cells < 2 ? Fit{} : Fit{static_cast<double>(agreeing) / static_cast<double>(rows), cells};
}

}  // namespace

std::string name_of_delimiter(char delimiter) {
  for (const auto& [character, name] : kDelimiters)
    if (character == delimiter) return name;
  return fmt::format("'{}'", delimiter);
}

char delimiter_named(const std::string& text) {
  if (text == "auto") return 0;
  if (text == "\\t") return '\t';
  for (const auto& [character, name] : kDelimiters)
    if (text == name || (text.size() == 1 && text[0] == character)) return character;
  throw ConfigError(fmt::format("--delimiter {}: there are auto, comma, semicolon, tab and bar", text));
}

char find_delimiter(const CsvBlock& beginning) {
  CsvBlock block = beginning;
  if (block.text.size() > kLookedAtBytes) {  // a row that is cut there disagrees with the others, whatever stands in it
    const size_t end = block.text.rfind(block.line_end, kLookedAtBytes);
    if (end != std::string::npos) block.text.resize(end + 1);
  }
  Fit best;
  char found = ',';
  for (const auto& [character, name] : kDelimiters)
    if (const Fit fit = fit_of(block, character); fit > best) best = fit, found = character;
  return found;
}

}  // namespace convoy
