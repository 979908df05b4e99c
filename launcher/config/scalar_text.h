// One value as YAML writes it.
#pragma once

#include <string>

#include "core/config/keys.h"

namespace convoy {

// In quotes where another reader could take it for something else than text. Names of files are bytes: what is no UTF-8
// is written as byte_text.h says.
std::string scalar_text(const std::string& value);
// Shortest that reads back exactly.
std::string scalar_text(double value);
// The value of a key; lists as `[a, b]`.
std::string scalar_text(const Field& field, const Key& key);
// The same, but a text as the bytes that it is.
std::string raw_text(const Field& field, const Key& key);

}  // namespace convoy
