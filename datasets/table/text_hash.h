// A hash of short texts for maps that are asked for every cell of a column, by a std::string_view as well.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace convoy {

// Eight bytes at a time, each word multiplied to 128 bits whose halves are put together, as wyhash does.
struct TextHash {
  using is_transparent = void;

  size_t operator()(std::string_view text) const {
    uint64_t hash = text.size();
    const char* at = text.data();
    size_t left = text.size();
    for (; left > 8; left -= 8, at += 8) hash = mixed(hash ^ word(at, 8));
    return static_cast<size_t>(mixed(hash ^ word(at, left)));
  }

 private:
  static uint64_t word(const char* from, size_t bytes) {
    uint64_t value = 0;
    if (bytes == 8)
      std::memcpy(&value, from, 8);
    else
      for (size_t i = 0; i < bytes; ++i) value = value << 8 | static_cast<uint8_t>(from[i]);
    return value;
  }
  static uint64_t mixed(uint64_t value) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(value + 0x9e3779b97f4a7c15u) * 0xbf58476d1ce4e5b9u;
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  }
};

}  // namespace convoy
