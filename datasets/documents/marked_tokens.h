// Tokens and which of them count in the loss, as many of both.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace convoy {

struct MarkedTokens {
  std::vector<int32_t> tokens;
  std::vector<uint8_t> counts;  // 0 or 1

  size_t size() const { return tokens.size(); }
  void append(std::span<const int32_t> more, bool count) {
    tokens.insert(tokens.end(), more.begin(), more.end());
    counts.resize(tokens.size(), count ? 1 : 0);
  }
};

}  // namespace convoy
