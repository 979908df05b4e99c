#include "datasets/table/parse_number.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <system_error>

namespace convoy {
namespace {

// Without the plus sign that std::from_chars does not know.
std::string_view without_plus(std::string_view text) {
  const bool plus = text.size() > 1 && text[0] == '+' && text[1] != '-' && text[1] != '+';
  return plus ? text.substr(1) : text;
}

template <class Number>
std::errc read_all(std::string_view text, Number& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::invalid_argument || end != text.data() + text.size()) return std::errc::invalid_argument;
  return error;
}

std::string why_no_number(std::string_view text) {
  if (text.empty()) return "is empty; a missing value cannot be imported yet: fill the cell or remove the row";
  std::string with_point(text);
  std::replace(with_point.begin(), with_point.end(), ',', '.');
  double ignored = 0;
  if (with_point != text && read_all(without_plus(with_point), ignored) == std::errc())
    return "has a comma in a number; write it with a point, without marks between thousands";
  return "is no number; only numbers can be imported yet: write one, or remove the column";
}

}  // namespace

ParsedNumber parse_number(std::string_view text) {
  ParsedNumber number;
  const std::string_view digits = without_plus(text);
  const std::errc error = read_all(digits, number.value);
  if (error == std::errc::invalid_argument) {
    number.problem = why_no_number(text);
  } else if (error == std::errc::result_out_of_range) {
    double value = 0;
    const bool in_double = read_all(digits, value) == std::errc();
    const bool small = in_double ? std::abs(value) < 1 : text.find("e-") != text.npos || text.find("E-") != text.npos;
    if (!small) number.problem = "is too large for f32, which ends at 3.4e38; scale the column";
    number.value = 0;
  } else if (!std::isfinite(number.value)) {
    number.problem = "is not finite; write a number, or remove the row";
  } else if (int64_t whole = 0; read_all(digits, whole) == std::errc()) {
    number.rounded = static_cast<double>(whole) != static_cast<double>(number.value);
  }
  return number;
}

}  // namespace convoy
