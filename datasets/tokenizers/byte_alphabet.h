// The printable characters by which byte-level tokenizers write bytes in their files, as GPT-2 chose them: printable
// Latin-1 stands for itself, the other bytes take U+0100, U+0101, ... in order.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace convoy {

// By byte.
const std::array<char32_t, 256>& byte_alphabet();

// The bytes that a vocabulary entry stands for; absent if it has characters of no byte.
std::optional<std::string> bytes_of_entry(std::string_view entry);

}  // namespace convoy
