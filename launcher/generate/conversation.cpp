#include "launcher/generate/conversation.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "core/base/utf8.h"

namespace convoy {

Conversation::Conversation(const ChatFormat& format, const Tokenizer& tokenizer, int64_t context, int64_t room,
                           std::string system)
    : format_(format), tokenizer_(tokenizer), context_(context), room_(std::clamp<int64_t>(room, 1, context / 2)) {
  if (system.empty()) return;
  messages_.push_back({ChatRole::system, std::move(system)});
  write_chat(format_, messages_);  // does the format take it?
  first_ = 1;
}

std::vector<int32_t> Conversation::ask(const std::string& text) {
  std::vector<ChatMessage> messages = messages_;
  messages.push_back({ChatRole::user, text});
  const auto oldest = static_cast<std::ptrdiff_t>(first_);
  while (true) {
    std::vector<int32_t> tokens = encode_chat(tokenizer_, write_chat(format_, messages));
    if (static_cast<int64_t>(tokens.size()) + room_ <= context_) {
      messages_ = std::move(messages);
      return tokens;
    }
    if (messages.size() < first_ + 3)
      throw ConfigError(fmt::format("that is {} tokens, and the model reads {} with an answer; say it in fewer words",
                                    tokens.size(), context_));
    messages.erase(messages.begin() + oldest, messages.begin() + oldest + 2);
  }
}

// A model may write any bytes; what it reads again is text.
void Conversation::answer(std::string_view text) {
  messages_.push_back({ChatRole::assistant, with_replaced_bytes(text)});
}

}  // namespace convoy
