// The tokens of words that were encoded before: ordinary text repeats few words again and again.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace convoy {

// Keeps the first 262,144 words of at most 64 bytes: some tens of megabytes. Use from one thread.
class WordCache {
 public:
  // Until the next call of add.
  std::optional<std::span<const int32_t>> find(std::string_view word) const;
  // Unless the word is too long or there are too many. The word must not be there.
  void add(std::string_view word, std::span<const int32_t> tokens);

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view word) const { return std::hash<std::string_view>()(word); }
  };
  struct Range {
    uint32_t first, count;
  };
  std::unordered_map<std::string, Range, Hash, std::equal_to<>> ranges_;  // of tokens_
  std::vector<int32_t> tokens_;
};

}  // namespace convoy
