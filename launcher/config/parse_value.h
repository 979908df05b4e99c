// Text to the types of a config, strictly: what could be meant in two ways is refused with advice.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/config/config.h"
#include "launcher/config/nearest_name.h"

namespace convoy {

// Each returns what is wrong ("is no whole number; ..."), to be put behind "key = value", or nothing and the value.
std::optional<std::string> parse_value(std::string_view text, bool& value);
std::optional<std::string> parse_value(std::string_view text, int64_t& value);
std::optional<std::string> parse_value(std::string_view text, double& value);
std::optional<std::string> parse_value(std::string_view text, std::string& value);
std::optional<std::string> parse_value(std::string_view text, Auto& value);
std::optional<std::string> parse_name(std::string_view text, const std::vector<std::string>& names);

template <class E>
requires std::is_enum_v<E> std::optional<std::string> parse_value(std::string_view text, E& value) {
  std::vector<std::string> names;
  for (const auto& [name, candidate] : enum_names(E{})) {
    if (name == text) {
      value = candidate;
      return std::nullopt;
    }
    names.emplace_back(name);
  }
  return parse_name(text, names);
}

}  // namespace convoy
