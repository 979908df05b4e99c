// Conversations as tokens that know which of them an answer is: what the model is to learn to say.
//
// An answer is encoded by itself, as what generation makes of it behind the tokens of what was asked; so the tokens of
// a conversation are those that `chat` gives the model and those that it is to give back. With the answer counts what
// ends it: the first special token of its suffix, or where there is none the text that end_of_answer() names, of which
// the next question begins; behind the last answer it is added.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/tokenizer/tokenizer.h"
#include "datasets/chat/chat_format.h"
#include "datasets/documents/marked_tokens.h"

namespace convoy {

// For many conversations; the encoder remembers words. Use from one thread.
class ChatLabeller {
 public:
  // tokenizer and format live longer.
  ChatLabeller(const ChatFormat& format, const Tokenizer& tokenizer);

  // last_answer_only: earlier ones do not count. Throws ConfigError as write_chat does, DataError where a text cannot
  // be expressed; it is of use again afterwards.
  MarkedTokens label(const std::vector<ChatMessage>& messages, bool last_answer_only = false);

 private:
  struct Part {
    std::string_view text;
    bool is_format, counts;
  };
  void add_answer_end(std::string_view suffix, std::vector<Part>& parts);
  std::vector<Part> parts_of(std::span<const ChatPiece> pieces);
  void encode(const Part& part, MarkedTokens& out);
  void end_text(bool counts, MarkedTokens& out);

  const ChatFormat& format_;
  const Tokenizer& tokenizer_;
  std::vector<std::pair<std::string, int32_t>> special_;
  ChatEnd end_;
  std::string rest_of_end_;  // of the text that ends an answer, what the next question begins with
  std::unique_ptr<TextEncoder> encoder_;
  std::vector<int32_t> tokens_;
  bool has_text_ = false;
};

}  // namespace convoy
