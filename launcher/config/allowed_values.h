// Values held against what is allowed, in words.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/config/allowed.h"
#include "core/config/keys.h"

namespace convoy {

// What is wrong with this value of the key or option called `name`: "train.steps = 0; at least 1 is wanted". Absent:
// nothing. What the type itself limits (bool, enums) is always allowed.
std::optional<std::string> complaint(const std::string& name, int64_t value, const Allowed& allowed);
std::optional<std::string> complaint(const std::string& name, double value, const Allowed& allowed);
std::optional<std::string> complaint(const std::string& name, const std::string& value, const Allowed& allowed);
std::optional<std::string> complaint(const std::string& name, const Field& value, const Allowed& allowed);

// "1 to 4096", "above 0 to 1", "cosine, constant"; "" if anything is.
std::string allowed_text(const Allowed& allowed);

// A value or name as a message quotes it: cut where it is too long to be read.
std::string shortened(std::string_view text);

}  // namespace convoy
