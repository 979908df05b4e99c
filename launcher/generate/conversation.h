// A conversation with a model, kept within its context.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/chat/chat_format.h"

namespace convoy {

class Conversation {
 public:
  // context: tokens that the model reads, of which `room` stay for an answer. system: empty: none.
  Conversation(const ChatFormat& format, const Tokenizer& tokenizer, int64_t context, int64_t room, std::string system);

  // The tokens from which the answer to this is written. Where there are too many, the oldest questions are left out
  // with their answers; where this alone is too long, it is not taken and the number of its tokens is thrown, as a
  // ConfigError.
  std::vector<int32_t> ask(const std::string& text);
  void answer(std::string_view text);

  const std::vector<ChatMessage>& messages() const { return messages_; }

 private:
  const ChatFormat& format_;
  const Tokenizer& tokenizer_;
  int64_t context_, room_;
  std::vector<ChatMessage> messages_;
  size_t first_ = 0;  // that is no system message
};

}  // namespace convoy
