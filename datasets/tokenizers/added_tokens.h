// Tokens that stand outside byte-pair encoding, such as <|endoftext|>: found in the text as they are written.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace convoy {

struct AddedToken {
  int32_t id = 0;
  std::string content;
  bool normalized = false;  // looked for in normalized text, after the others
  bool special = false;     // steers, and is no text
};

class AddedTokens {
 public:
  explicit AddedTokens(std::vector<AddedToken> tokens);

  struct Found {
    size_t position;
    const AddedToken* token;  // null: one may begin here if the text goes on
  };
  // The leftmost, and of several there the longest, at or after `from`. ends: nothing follows the text.
  std::optional<Found> find(std::string_view text, size_t from, bool ends) const;

 private:
  std::vector<AddedToken> tokens_;                      // longest first
  std::array<std::vector<size_t>, 256> by_first_byte_;  // indices into tokens_, longest first
};

// Cuts texts that come in parts at the added tokens.
class AddedTokenCutter {
 public:
  // The next part of the text between two tokens; ends: that was all of it.
  using VisitText = std::function<void(std::string_view part, bool ends)>;
  using VisitToken = std::function<void(int32_t id)>;
  AddedTokenCutter(const AddedTokens& tokens, VisitText visit_text, VisitToken visit_token);

  // ends: that was all of the text; what is added next is another.
  void add(std::string_view text, bool ends);
  // Of the visited part, in the text.
  size_t position() const { return position_; }

 private:
  void cut(std::string_view text, bool ends);
  void visit(std::string_view part, bool ends);

  const AddedTokens& tokens_;
  VisitText visit_text_;
  VisitToken visit_token_;
  std::string pending_;  // what may begin a token
  size_t position_ = 0;
};

}  // namespace convoy
