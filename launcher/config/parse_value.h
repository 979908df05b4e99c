// Text to the types of a config, strictly: what could be meant in two ways is refused with advice.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/auto.h"

namespace convoy {

// Each returns what is wrong ("is no whole number; ..."), to be put behind "key = value", or nothing and the value.
std::optional<std::string> parse_value(std::string_view text, bool& value);
std::optional<std::string> parse_value(std::string_view text, int64_t& value);
std::optional<std::string> parse_value(std::string_view text, double& value);
std::optional<std::string> parse_value(std::string_view text, std::string& value);
// A number, or the word.
std::optional<std::string> parse_automatic(std::string_view text, std::string_view word, Auto& value);
std::optional<std::string> parse_automatic(std::string_view text, std::string_view word, AutoReal& value);
// What is wrong with a name that is none of these.
std::optional<std::string> parse_name(std::string_view text, const std::vector<std::string>& names);

}  // namespace convoy
