#include "datasets/chat/chat_format.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "core/base/error.h"

namespace convoy {
namespace {

const std::array<ChatFormat, 6>& known_formats() {
  static const std::array<ChatFormat, 6> formats = {{
      {.name = "chatml",
       .system = {"<|im_start|>system\n", "<|im_end|>\n"},
       .without_system = "",
       .user = {"<|im_start|>user\n", "<|im_end|>\n"},
       .assistant = {"<|im_start|>assistant\n", "<|im_end|>\n"}},
      {.name = "llama3",
       .system = {"<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\n", "<|eot_id|>"},
       .without_system = "<|begin_of_text|>",
       .user = {"<|start_header_id|>user<|end_header_id|>\n\n", "<|eot_id|>"},
       .assistant = {"<|start_header_id|>assistant<|end_header_id|>\n\n", "<|eot_id|>"},
       .trims = true},
      {.name = "mistral",
       .system = {"<s>", "\n\n"},
       .without_system = "<s>",
       .user = {"[INST] ", " [/INST]"},
       .assistant = {"", "</s>"},
       .system_in_user = true},
      {.name = "gemma",
       .system = {"<bos>", "\n\n"},
       .without_system = "<bos>",
       .user = {"<start_of_turn>user\n", "<end_of_turn>\n"},
       .assistant = {"<start_of_turn>model\n", "<end_of_turn>\n"},
       .system_in_user = true,
       .trims = true},
      {.name = "zephyr",
       .system = {"<|system|>\n", "</s>\n"},
       .without_system = "",
       .user = {"<|user|>\n", "</s>\n"},
       .assistant = {"<|assistant|>\n", "</s>\n"}},
      {.name = "plain",
       .system = {"", "\n\n"},
       .without_system = "",
       .user = {"### User\n", "\n"},
       .assistant = {"### Assistant\n", "\n"}},
  }};
  return formats;
}

std::string trimmed_message(const ChatFormat& format, const std::string& text) {
  constexpr const char* kSpaces = " \t\r\n\v\f";
  const size_t first = text.find_first_not_of(kSpaces);
  if (!format.trims) return text;
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
}

class ChatWriter {
 public:
  explicit ChatWriter(const ChatFormat& format) : format_(format) {}

  std::vector<ChatPiece> write(const std::vector<ChatMessage>& messages) && {
    size_t first = 0;
    if (!messages.empty() && messages[0].role == ChatRole::system)
      write_system(messages[first++]);
    else
      add(format_.without_system);
    for (size_t i = first; i < messages.size(); ++i) write_message(messages[i]);
    if (messages.empty() || messages.back().role != ChatRole::assistant) add(format_.assistant.prefix);
    return std::move(pieces_);
  }

 private:
  void add(const std::string& text, bool is_format = true, bool of_answer = false) {
    if (!text.empty()) pieces_.push_back({text, is_format, of_answer});
  }
  void write_system(const ChatMessage& message) {
    if (!format_.takes_system)
      throw ConfigError(fmt::format("the chat format {} has no system message; say it as the user", format_.name));
    add(format_.system.prefix);
    if (format_.system_in_user) {
      in_user_ = trimmed_message(format_, message.text);
      return;
    }
    add(trimmed_message(format_, message.text), false);
    add(format_.system.suffix);
  }
  void write_message(const ChatMessage& message) {
    if (message.role == ChatRole::system)
      throw ConfigError("a system message that is not the first of its conversation; wanted: none, or the first");
    const bool answer = message.role == ChatRole::assistant;
    const ChatFormat::Around& around = answer ? format_.assistant : format_.user;
    add(around.prefix);
    if (!answer && !in_user_.empty()) {
      add(in_user_, false);
      add(format_.system.suffix);
      in_user_.clear();
    }
    add(trimmed_message(format_, message.text), false, answer);
    add(around.suffix, true, answer);
  }

  const ChatFormat& format_;
  std::string in_user_;
  std::vector<ChatPiece> pieces_;
};

using SpecialTokens = std::vector<std::pair<std::string, int32_t>>;

// <|...|> and <...> in a text of the format.
std::vector<std::string> marks_of(const std::string& text) {
  std::vector<std::string> marks;
  for (size_t at = 0; (at = text.find('<', at)) != std::string::npos;) {
    const size_t end = text.find('>', at);
    if (end == std::string::npos) break;
    marks.push_back(text.substr(at, end + 1 - at));
    at = end + 1;
  }
  return marks;
}

}  // namespace

std::span<const ChatFormat> chat_formats() { return known_formats(); }

const ChatFormat* find_chat_format(std::string_view name) {
  const auto found = std::ranges::find(known_formats(), name, &ChatFormat::name);
  return found == known_formats().end() ? nullptr : &*found;
}

std::string chat_format_names() {
  std::vector<std::string> names;
  for (const ChatFormat& format : known_formats()) names.push_back(format.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

std::vector<ChatPiece> write_chat(const ChatFormat& format, const std::vector<ChatMessage>& messages) {
  return ChatWriter(format).write(messages);
}

std::string chat_text(const std::vector<ChatPiece>& pieces) {
  std::string text;
  for (const ChatPiece& piece : pieces) text += piece.text;
  return text;
}

SpecialPlace find_special(std::span<const std::pair<std::string, int32_t>> tokens, std::string_view text) {
  SpecialPlace best{-1, std::string_view::npos, 0};
  for (const auto& [spelled, token] : tokens) {
    const size_t found = spelled.empty() ? std::string_view::npos : text.find(spelled);
    if (found == std::string_view::npos || found > best.at) continue;
    if (found == best.at && spelled.size() <= best.bytes) continue;
    best = {token, found, spelled.size()};
  }
  return best;
}

std::vector<int32_t> encode_chat(const Tokenizer& tokenizer, const std::vector<ChatPiece>& pieces) {
  const SpecialTokens special = tokenizer.special_tokens();
  const std::unique_ptr<TextEncoder> encoder = tokenizer.make_plain_encoder();
  std::vector<int32_t> tokens;
  bool has_text = false;
  const auto add_text = [&](std::string_view text) {
    if (text.empty()) return;
    encoder->add(text, tokens);
    has_text = true;
  };
  const auto end_text = [&] {
    if (has_text) encoder->finish(tokens);
    has_text = false;
  };
  for (const ChatPiece& piece : pieces) {
    std::string_view text = piece.text;
    for (SpecialPlace found; piece.is_format && (found = find_special(special, text)).token >= 0;) {
      add_text(text.substr(0, found.at));
      end_text();
      tokens.push_back(found.token);
      text.remove_prefix(found.at + found.bytes);
    }
    add_text(text);
  }
  end_text();
  return tokens;
}

ChatEnd end_of_answer(const ChatFormat& format, const Tokenizer& tokenizer) {
  const SpecialPlace found = find_special(tokenizer.special_tokens(), format.assistant.suffix);
  if (found.token >= 0 && found.at == 0) return {found.token, {}};
  if (found.token >= 0) return {-1, format.assistant.suffix.substr(0, found.at)};
  std::string text = format.assistant.suffix + format.user.prefix;
  text.erase(text.find_last_not_of(" \n") + 1);
  return {-1, text};
}

void check_chat_format(const ChatFormat& format, const Tokenizer& tokenizer) {
  const ChatFormat* known = find_chat_format(format.name);
  if (known == nullptr) return;  // one's own: whether <human> is to be a token is not said
  const SpecialTokens special = tokenizer.special_tokens();
  for (const std::string& text : {known->without_system, known->user.prefix + known->user.suffix,
                                  known->assistant.prefix + known->assistant.suffix})
    for (const std::string& mark : marks_of(text)) {
      if (std::ranges::find(special, mark, &SpecialTokens::value_type::first) != special.end()) continue;
      // Zephyr's roles were never tokens of their own.
      if (mark == "<|system|>" || mark == "<|user|>" || mark == "<|assistant|>") continue;
      throw ConfigError(
          fmt::format("the chat format {} writes {}, and the model's tokenizer has no such token: it was tuned with "
                      "another one; --format takes {}, or a YAML file of your own",
                      format.name, mark, chat_format_names()));
    }
}

}  // namespace convoy
