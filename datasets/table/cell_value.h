// What a cell of a table says.
#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace convoy {

// Texts that stand for nothing. An empty cell always does.
class MissingValues {
 public:
  // Those that tables usually have: NA, N/A, NaN, null, None, ? and their like.
  static const std::vector<std::string>& usual();

  explicit MissingValues(std::vector<std::string> texts = usual());
  bool contains(std::string_view cell) const {
    return cell.empty() || (cell.size() <= longest_ && begins_.test(static_cast<uint8_t>(cell[0])) && is_one(cell));
  }
  const std::vector<std::string>& texts() const { return texts_; }

 private:
  bool is_one(std::string_view cell) const;

  std::vector<std::string> texts_;
  size_t longest_ = 0;
  std::bitset<256> begins_;  // by the first byte of a text
};

// A cell, or all cells of a column.
enum class CellKind : uint8_t { missing, number, boolean, date, text };

// value: of a number, a boolean (true and yes: 1) or a date (days since 1970-01-01).
CellKind read_cell(std::string_view cell, const MissingValues& missing, double& value);

// true, false, yes or no, in any case.
bool parse_boolean(std::string_view text, double& value);

// A cell in a message, in quotation marks and not too long.
std::string quoted_cell(std::string_view cell);

}  // namespace convoy
