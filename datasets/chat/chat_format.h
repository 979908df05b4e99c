// How conversations are written for a model: what stands before and behind the text of each role.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/tokenizer/tokenizer.h"

namespace convoy {

enum class ChatRole : uint8_t { system, user, assistant };

struct ChatMessage {
  ChatRole role = ChatRole::user;
  std::string text;
};

struct ChatFormat {
  struct Around {
    std::string prefix, suffix;
  };
  std::string name;
  // Of the system's message, which is the first if there is one; with what begins every conversation.
  Around system;
  // What begins a conversation without one: a default system message, say.
  std::string without_system;
  Around user, assistant;
  bool takes_system = true;
  bool system_in_user = false;  // its text and system.suffix stand in front of the first user's, inside that
  bool trims = false;           // white space around a message's text goes
};

// chatml, llama3, mistral, gemma, zephyr, plain.
std::span<const ChatFormat> chat_formats();
const ChatFormat* find_chat_format(std::string_view name);  // null: there is none
std::string chat_format_names();                            // "chatml, llama3, ..."

// A piece of a conversation as it is written: the format's own text, or a message's.
struct ChatPiece {
  std::string text;
  bool is_format = true;
  bool of_answer = false;  // the assistant's text, or what ends it
};

// Ends with the assistant's prefix if the last message is not the assistant's. Throws ConfigError: a system message
// that is not the first, or that the format does not take.
std::vector<ChatPiece> write_chat(const ChatFormat& format, const std::vector<ChatMessage>& messages);
std::string chat_text(const std::vector<ChatPiece>& pieces);

// The first special token that is spelled out in a text, and of several there the longest. token: -1: none is.
struct SpecialPlace {
  int32_t token = -1;
  size_t at = 0, bytes = 0;
};
SpecialPlace find_special(std::span<const std::pair<std::string, int32_t>> tokens, std::string_view text);

// Special tokens count as such in the format's text alone: a message that spells one out is text. Between two special
// tokens all is encoded at once, as where the whole text is.
std::vector<int32_t> encode_chat(const Tokenizer& tokenizer, const std::vector<ChatPiece>& pieces);

// What ends an answer: a token, or a text where the format ends it by no special token.
struct ChatEnd {
  int32_t token = -1;
  std::string text;  // empty: there is none
};
ChatEnd end_of_answer(const ChatFormat& format, const Tokenizer& tokenizer);

// Throws ConfigError that names what a format of chat_formats() writes and the tokenizer has no token for, such as
// <|im_start|>.
void check_chat_format(const ChatFormat& format, const Tokenizer& tokenizer);

}  // namespace convoy
