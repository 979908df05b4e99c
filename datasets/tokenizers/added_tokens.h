// Tokens that stand outside byte-pair encoding, such as <|endoftext|>: found in the text as they are written.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace convoy {

struct AddedToken {
  int32_t id = 0;
  std::string content;
};

class AddedTokens {
 public:
  explicit AddedTokens(std::vector<AddedToken> tokens);

  struct Found {
    size_t position;
    const AddedToken* token;
  };
  // The leftmost, and of several there the longest, at or after `from`.
  std::optional<Found> find(std::string_view text, size_t from) const;

  const std::vector<AddedToken>& tokens() const { return tokens_; }
  // The token that separates documents by one of the names in use; -1: none.
  int32_t end_of_text() const;

 private:
  std::vector<AddedToken> tokens_;                      // longest first
  std::array<std::vector<size_t>, 256> by_first_byte_;  // indices into tokens_, longest first
};

}  // namespace convoy
