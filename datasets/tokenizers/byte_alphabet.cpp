#include "datasets/tokenizers/byte_alphabet.h"

#include <algorithm>
#include <cstddef>

#include "core/base/utf8.h"

namespace convoy {
namespace {

bool stands_for_itself(char32_t byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

std::array<char32_t, 256> make_alphabet() {
  std::array<char32_t, 256> alphabet{};
  char32_t next = 0x100;
  for (char32_t byte = 0; byte < 256; ++byte) alphabet[byte] = stands_for_itself(byte) ? byte : next++;
  return alphabet;
}

}  // namespace

const std::array<char32_t, 256>& byte_alphabet() {
  static const std::array<char32_t, 256> alphabet = make_alphabet();
  return alphabet;
}

std::optional<std::string> bytes_of_entry(std::string_view entry) {
  const auto& alphabet = byte_alphabet();
  std::string bytes;
  for (size_t position = 0; position < entry.size();) {
    const auto place = std::find(alphabet.begin(), alphabet.end(), next_code_point(entry, position));
    if (place == alphabet.end()) return std::nullopt;
    bytes.push_back(static_cast<char>(place - alphabet.begin()));
  }
  return bytes;
}

}  // namespace convoy
