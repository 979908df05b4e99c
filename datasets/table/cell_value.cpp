#include "datasets/table/cell_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/utf8.h"
#include "datasets/table/parse_date.h"
#include "datasets/table/parse_number.h"

namespace convoy {

const std::vector<std::string>& MissingValues::usual() {
  static const std::vector<std::string> texts{"NA",   "N/A",  "n/a",  "NaN",  "nan",  "-NaN", "-nan",
                                              "null", "NULL", "None", "none", "#N/A", "<NA>", "?"};
  return texts;
}

MissingValues::MissingValues(std::vector<std::string> texts) : texts_(std::move(texts)) {
  for (const std::string& text : texts_) {
    if (text.empty()) continue;
    longest_ = std::max(longest_, text.size());
    begins_.set(static_cast<uint8_t>(text[0]));
  }
}

bool MissingValues::is_one(std::string_view cell) const {
  return std::find(texts_.begin(), texts_.end(), cell) != texts_.end();
}

bool parse_boolean(std::string_view text, double& value) {
  if (text.size() < 2 || text.size() > 5) return false;
  const char first = static_cast<char>(text[0] | 0x20);
  if (first != 't' && first != 'f' && first != 'y' && first != 'n') return false;
  constexpr std::array words = {std::pair{std::string_view("true"), 1.0}, std::pair{std::string_view("false"), 0.0},
                                std::pair{std::string_view("yes"), 1.0}, std::pair{std::string_view("no"), 0.0}};
  for (const auto& [word, number] : words) {
    if (text.size() != word.size()) continue;
    bool same = true;
    for (size_t i = 0; i < word.size(); ++i) same = same && (text[i] | 0x20) == word[i];
    if (!same) continue;
    value = number;
    return true;
  }
  return false;
}

CellKind read_cell(std::string_view cell, const MissingValues& missing, double& value) {
  if (missing.contains(cell)) return CellKind::missing;
  if (parse_number(cell, value)) return CellKind::number;
  if (parse_boolean(cell, value)) return CellKind::boolean;
  return parse_date(cell, value) ? CellKind::date : CellKind::text;
}

std::string quoted_cell(std::string_view cell) {
  constexpr size_t kShownBytes = 60;
  if (cell.size() <= kShownBytes) return fmt::format("\"{}\"", cell);
  cell = cell.substr(0, kShownBytes);
  cell.remove_suffix(unfinished_utf8_bytes(cell));
  return fmt::format("\"{}...\"", cell);
}

}  // namespace convoy
