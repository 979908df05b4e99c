#include "launcher/config/allowed_values.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/base/nearest_name.h"

namespace convoy {
namespace {

// 1e12 rather than 1000000000000, where that is exact.
std::string number_text(double value) {
  std::string text = fmt::format("{:.0e}", value);
  if (std::abs(value) < 1e6 || std::stod(text) != value) return fmt::format("{}", value);
  std::erase(text, '+');
  if (const size_t zero = text.find("e0"); zero != std::string::npos) text.erase(zero + 1, 1);
  return text;
}

// The bound that the value breaks; NaN breaks every bound.
std::optional<std::string> broken_bound(double value, const Allowed& a) {
  if (a.minimum && !(a.exclusive_minimum ? value > *a.minimum : value >= *a.minimum))
    return fmt::format("{} {}", a.exclusive_minimum ? "more than" : "at least", number_text(*a.minimum));
  if (a.maximum && !(a.exclusive_maximum ? value < *a.maximum : value <= *a.maximum))
    return fmt::format("{} {}", a.exclusive_maximum ? "less than" : "at most", number_text(*a.maximum));
  return std::nullopt;
}

template <class Number>
std::optional<std::string> number_complaint(const std::string& name, Number value, const Allowed& allowed) {
  const auto bound = broken_bound(static_cast<double>(value), allowed);
  if (!bound) return std::nullopt;
  return fmt::format("{} = {}; {} is wanted", name, value, *bound);
}

std::vector<std::string> names_of(const Allowed& allowed) {
  std::vector<std::string> names(allowed.names.begin(), allowed.names.end());
  std::erase(names, "");
  return names;
}

}  // namespace

std::optional<std::string> complaint(const std::string& name, int64_t value, const Allowed& allowed) {
  return number_complaint(name, value, allowed);
}

std::optional<std::string> complaint(const std::string& name, double value, const Allowed& allowed) {
  return number_complaint(name, value, allowed);
}

std::optional<std::string> complaint(const std::string& name, const std::string& value, const Allowed& allowed) {
  if (value.find('\0') != std::string::npos)
    return fmt::format("{} holds a NUL character, which no name can; remove it", name);
  if (value.size() < allowed.min_length)
    return fmt::format("{} is empty; {} is wanted", name,
                       allowed.max_length < SIZE_MAX ? "the path of a folder" : "a name or a pattern of names");
  if (value.size() > allowed.max_length)
    return fmt::format("{} is {} bytes long; at most {} are wanted", name, value.size(), allowed.max_length);
  if (allowed.names.empty()) return std::nullopt;
  if (std::find(allowed.names.begin(), allowed.names.end(), value) != allowed.names.end()) return std::nullopt;
  const std::vector<std::string> names = names_of(allowed);
  return fmt::format("{} = {} is unknown; there {} {}{}", name, shortened(value), names.size() == 1 ? "is" : "are",
                     fmt::join(names, ", "), did_you_mean(value, names));
}

namespace {

struct ComplaintOf {
  const std::string& name;
  const Allowed& allowed;
  using Found = std::optional<std::string>;
  Found operator()(const bool*) const { return std::nullopt; }
  Found operator()(const EnumField&) const { return std::nullopt; }
  Found operator()(const Auto* field) const { return field->value ? (*this)(&*field->value) : std::nullopt; }
  Found operator()(const AutoReal* field) const { return field->value ? (*this)(&*field->value) : std::nullopt; }
  template <class Number>
  Found operator()(const WordOr<Number>* field) const {
    return (*this)(&field->numbers);
  }
  template <class Item>
  Found operator()(const std::vector<Item>* items) const {
    for (const Item& item : *items)
      if (Found found = (*this)(&item)) return found;
    return std::nullopt;
  }
  template <class Value>
  Found operator()(const Value* value) const {
    return complaint(name, *value, allowed);
  }
};

}  // namespace

std::optional<std::string> complaint(const std::string& name, const Field& value, const Allowed& allowed) {
  return std::visit(ComplaintOf{name, allowed}, value);
}

std::string allowed_text(const Allowed& a) {
  const std::string names = fmt::format("{}", fmt::join(names_of(a), ", "));
  if (!a.minimum || !a.maximum) return names;
  const std::string words = names.empty() ? "" : names + " or ";
  return words + fmt::format("{}{} to {}{}", a.exclusive_minimum ? "above " : "", number_text(*a.minimum),
                             a.exclusive_maximum ? "below " : "", number_text(*a.maximum));
}

std::string shortened(std::string_view text) {
  constexpr size_t kShown = 100;
  if (text.size() <= kShown) return std::string(text);
  return fmt::format("{}... ({} bytes)", text.substr(0, kShown), text.size());
}

}  // namespace convoy
