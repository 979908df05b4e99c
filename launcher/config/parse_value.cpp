#include "launcher/config/parse_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <regex>

#include "core/base/nearest_name.h"

namespace convoy {
namespace {

// Longer than any number is written. std::regex would use up the stack on a text of a hundred thousand characters.
constexpr size_t kLongest = 1000;

bool matches(std::string_view text, const char* pattern) {
  return text.size() <= kLongest && std::regex_match(text.begin(), text.end(), std::regex(pattern));
}

std::string without(std::string_view text, char removed) {
  std::string result(text);
  std::erase(result, removed);
  return result;
}

// from_chars takes no plus sign.
std::string_view without_plus(std::string_view text) { return text.starts_with('+') ? text.substr(1) : text; }

std::string whole_number_advice(std::string_view text) {
  if (matches(text, "[-+]?[0-9]+(_[0-9]+)+")) return fmt::format("write {}", without(text, '_'));
  if (matches(text, "[-+]?[0-9]+(,[0-9]{3})+")) return fmt::format("write {}", without(text, ','));
  if (matches(text, "[-+]?0+[0-9]+")) return fmt::format("write it without the leading 0");
  if (matches(text, "0[xXoObB][0-9a-fA-F]+")) return "write it in decimal digits";
  if (matches(text, "[-+]?[0-9.]+ ?[kKmMgGtT](i?[bB])?")) return "write the digits out; suffixes are not understood";
  double value = 0;
  if (!parse_value(text, value) && std::abs(value) < 1e15 && value == std::floor(value))
    return fmt::format("write {}", static_cast<int64_t>(value));
  return "a whole number is wanted, such as 8";
}

std::string number_advice(std::string_view text) {
  if (matches(text, "[-+]?[0-9]+(_[0-9]+)+(\\.[0-9]+)?")) return fmt::format("write {}", without(text, '_'));
  if (matches(text, "[-+]?[0-9]+,[0-9]+")) return "write a point, not a comma";
  if (matches(text, "[-+]?[0-9.]+ ?%")) return "write a fraction, such as 0.1 for 10%";
  if (matches(text, "[-+]?[0-9.]+ ?[a-zA-Z]+")) return "write the number alone; suffixes are not understood";
  return "a number is wanted, such as 0.1 or 3.0e-3";
}

}  // namespace

std::optional<std::string> parse_value(std::string_view text, bool& value) {
  if (text == "true" || text == "false") {
    value = text == "true";
    return std::nullopt;
  }
  const bool yes = matches(text, "[yY]|[yY][eE][sS]|[oO][nN]|[tT][rR][uU][eE]|1");
  const bool no = matches(text, "[nN]|[nN][oO]|[oO][fF][fF]|[fF][aA][lL][sS][eE]|0");
  if (yes || no) return fmt::format("is not true or false; write {}", yes);
  return "is not true or false";
}

std::optional<std::string> parse_value(std::string_view text, int64_t& value) {
  if (!matches(text, "[-+]?(0|[1-9][0-9]*)")) return "is no whole number; " + whole_number_advice(text);
  const std::string_view digits = without_plus(text);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc()) return "does not fit 64 bits; write a smaller number";
  return std::nullopt;
}

std::optional<std::string> parse_value(std::string_view text, double& value) {
  if (matches(text, "[-+]?\\.?(inf|nan|Inf|NaN|INF|NAN|infinity)")) return "is not finite; write a finite number";
  if (!matches(text, "[-+]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([eE][-+]?[0-9]+)?"))
    return "is no number; " + number_advice(text);
  const std::string_view digits = without_plus(text);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc()) return "is too large or too small for a double";
  return std::nullopt;
}

std::optional<std::string> parse_value(std::string_view text, std::string& value) {
  value = text;
  return std::nullopt;
}

namespace {

template <class Number>
std::optional<std::string> parse_optional(std::string_view text, std::string_view word, const char* number_name,
                                          std::optional<Number>& value) {
  if (text == word) {
    value.reset();
    return std::nullopt;
  }
  if (!matches(text, "[-+]?[.]?[0-9].*")) return fmt::format("is neither {} nor a {}", word, number_name);
  Number number{};
  std::optional<std::string> problem = parse_value(text, number);
  if (!problem) value = number;
  return problem;
}

}  // namespace

std::optional<std::string> parse_automatic(std::string_view text, std::string_view word, Auto& value) {
  return parse_optional(text, word, "whole number", value.value);
}

std::optional<std::string> parse_automatic(std::string_view text, std::string_view word, AutoReal& value) {
  return parse_optional(text, word, "number", value.value);
}

std::optional<std::string> parse_name(std::string_view text, const std::vector<std::string>& names) {
  return fmt::format("is unknown; there are {}{}", fmt::join(names, ", "), did_you_mean(text, names));
}

}  // namespace convoy
