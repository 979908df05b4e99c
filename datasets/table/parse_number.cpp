#include "datasets/table/parse_number.h"

#include <algorithm>
#include <cfloat>
#include <charconv>
#include <cmath>
#include <system_error>

namespace convoy {
namespace {

// Without the plus sign that std::from_chars does not know.
std::string_view without_plus(std::string_view text) {
  const bool plus = text.size() > 1 && text[0] == '+' && text[1] != '-' && text[1] != '+';
  return plus ? text.substr(1) : text;
}

// Libstdc++ reads as fast_float does, whose code it has.
std::errc read_all(std::string_view text, double& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::invalid_argument || end != text.data() + text.size()) return std::errc::invalid_argument;
  return error;
}

// Of what does not fit a double: is it too small?
bool is_small(std::string_view text) {
  if (text.find_first_of("eE") != text.npos) return text.find("e-") != text.npos || text.find("E-") != text.npos;
  return text.starts_with("0.") || text.starts_with("-0.") || text.starts_with(".") || text.starts_with("-.");
}

bool is_number(std::string_view text) {
  double ignored = 0;
  return read_all(without_plus(text), ignored) != std::errc::invalid_argument;
}

std::string replaced(std::string_view text, char from, std::string_view to) {
  std::string result;
  for (const char c : text) c == from ? result += to : result += c;
  return result;
}

// 1.234.567 or 1,234,567: marks with three digits behind each.
bool has_thousands(std::string_view text, char mark) {
  const size_t first = text.find(mark);
  if (first == text.npos || first == 0 || first > 4) return false;
  for (size_t at = first; at < text.size() && text[at] == mark; at += 4)
    if (text.size() < at + 4 ||
        !std::all_of(text.begin() + static_cast<std::ptrdiff_t>(at) + 1,
                     text.begin() + static_cast<std::ptrdiff_t>(at) + 4, [](char c) { return c >= '0' && c <= '9'; }))
      return false;
  return true;
}

}  // namespace

bool parse_number(std::string_view text, double& value) {
  if (text.empty() || text.back() > '9') return false;  // quickly: most words
  const std::string_view digits = without_plus(text);
  const std::errc error = read_all(digits, value);
  if (error == std::errc::result_out_of_range && is_small(digits)) {
    value = 0;
    return true;
  }
  // Half a step beyond the largest f32 is still rounded to it.
  return error == std::errc() && std::abs(value) <= static_cast<double>(FLT_MAX);
}

std::string why_no_number(std::string_view text) {
  const std::string_view digits = without_plus(text);
  double value = 0;
  const std::errc error = read_all(digits, value);
  if (error == std::errc::result_out_of_range || (error == std::errc() && std::isfinite(value)))
    return "is too large for f32, which ends at 3.4e38; scale the column";
  if (error == std::errc()) return "is not finite; write a number, remove the row, or name it in --missing-values";
  if (has_thousands(text, ',') || has_thousands(text, ' ') || has_thousands(text, '\''))
    if (is_number(replaced(replaced(replaced(text, ',', ""), ' ', ""), '\'', "")))
      return "has marks between thousands; write the numbers of the column without them";
  if (is_number(replaced(text, ',', "."))) return "has a decimal comma; write the numbers of the column with a point";
  if (is_number(replaced(replaced(text, '.', ""), ',', ".")))
    return "has a decimal comma and marks between thousands; write the numbers of the column as 1234.5";
  return "is no number; write one, or name it in --missing-values if it says that there is none";
}

bool is_rounded(double number) {
  return std::abs(number) > 16777216 && number == std::trunc(number) &&
         static_cast<double>(static_cast<float>(number)) != number;
}

}  // namespace convoy
