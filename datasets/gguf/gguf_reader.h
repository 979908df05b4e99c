// The bytes of a GGUF file's head, one after the other: every length is checked against what is left.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "datasets/gguf/gguf_file.h"

namespace convoy {

class GgufBytes {
 public:
  explicit GgufBytes(std::span<const std::byte> bytes) : bytes_(bytes) {}

  size_t position() const { return position_; }
  size_t left() const { return bytes_.size() - position_; }

  template <class T>
  T number() {
    T value;
    std::memcpy(&value, take(sizeof value), sizeof value);
    return value;
  }
  std::string_view text();
  GgufValue value(uint32_t type);

 private:
  const std::byte* take(size_t count);
  GgufValue array();

  std::span<const std::byte> bytes_;
  size_t position_ = 0;
};

// Throws std::runtime_error as GgufBytes does, without the file's name.
std::pair<std::map<std::string, GgufValue>, std::vector<GgufTensor>> parse_gguf(std::span<const std::byte> bytes);

}  // namespace convoy
