#include "core/base/crc32c.h"

#include <array>

namespace convoy {
namespace {

constexpr std::array<uint32_t, 256> make_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t remainder = byte;
    for (int bit = 0; bit < 8; ++bit) remainder = remainder >> 1 ^ (remainder & 1 ? 0x82f63b78u : 0);
    table[byte] = remainder;
  }
  return table;
}

}  // namespace

uint32_t crc32c(std::string_view data) {
  static constexpr std::array<uint32_t, 256> table = make_table();
  uint32_t remainder = ~0u;
  for (const char c : data) remainder = remainder >> 8 ^ table[(remainder ^ static_cast<uint8_t>(c)) & 0xff];
  return ~remainder;
}

}  // namespace convoy
