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

// Digits with or without a point, as most numbers are written. Up to 15 digits and the power of ten that divides them
// are exact in a double, so that one division rounds as std::from_chars does (Clinger, "How to read floating point
// numbers accurately", 1990). False: another must read it.
bool read_plain_decimal(std::string_view text, double& value) {
  constexpr size_t kMostDigits = 15;
  constexpr double kPowers[kMostDigits + 1] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                               1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
  const bool negative = text[0] == '-';
  if (negative) text.remove_prefix(1);
  if (text.size() > kMostDigits + 1) return false;
  size_t point = text.size(), i = 0;
  int64_t digits = 0;
  for (const char c : text) {
    const int digit = c - '0';
    if (digit >= 0 && digit <= 9)
      digits = 10 * digits + digit;
    else if (c == '.' && point == text.size())
      point = i;
    else
      return false;
    ++i;
  }
  const bool has_point = point < text.size();
  const size_t count = text.size() - (has_point ? 1 : 0);
  if (count == 0 || count > kMostDigits) return false;
  value = static_cast<double>(digits);
  if (has_point) value /= kPowers[count - point];
  if (negative) value = -value;
  return true;
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
  if (text.empty() || text.back() > '9' || text[0] > '9') return false;  // quickly: most words
  if (read_plain_decimal(text, value)) return true;
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
