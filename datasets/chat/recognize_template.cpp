#include "datasets/chat/recognize_template.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "datasets/chat/chat_template.h"

namespace convoy {
namespace {

using chat::ChatTemplate;
using chat::TemplateError;

// Texts that no template writes by itself; white space tells whether it is trimmed.
constexpr const char *kSystem = " Qsys one. ", *kFirst = " Quser one? ", *kAnswer = "Aone.", *kSecond = "Quser two?";

class Probe {
 public:
  Probe(const ChatTemplate& text, const TokenizerSettings& settings) : template_(text), settings_(settings) {}

  // With the system's message or without. Ends with what asks for an answer.
  std::string write(bool system) const {
    nlohmann::json messages = nlohmann::json::array();
    if (system) messages.push_back({{"role", "system"}, {"content", kSystem}});
    messages.push_back({{"role", "user"}, {"content", kFirst}});
    messages.push_back({{"role", "assistant"}, {"content", kAnswer}});
    messages.push_back({{"role", "user"}, {"content", kSecond}});
    return template_.write({{"messages", messages},
                            {"add_generation_prompt", true},
                            {"bos_token", settings_.bos.value_or("")},
                            {"eos_token", settings_.eos.value_or("")},
                            {"pad_token", settings_.padding.value_or("")},
                            {"unk_token", settings_.unknown.value_or("")}});
  }
  std::optional<std::string> try_write(bool system) const {
    try {
      return write(system);
    } catch (const TemplateError&) {
      return std::nullopt;
    }
  }

 private:
  const ChatTemplate& template_;
  const TokenizerSettings& settings_;
};

const std::vector<ChatMessage>& conversation() {
  static const std::vector<ChatMessage> messages = {
      {ChatRole::user, kFirst}, {ChatRole::assistant, kAnswer}, {ChatRole::user, kSecond}};
  return messages;
}

// What both end with, left out; absent: the text ends otherwise.
std::optional<std::string> without_end(const std::string& text, const std::string& end) {
  if (!text.ends_with(end)) return std::nullopt;
  return text.substr(0, text.size() - end.size());
}

// Takes what stands around the system's text from what the template wrote before the rest of the conversation.
bool take_system(const std::string& head, const std::string& system, ChatFormat& format) {
  const size_t at = head.find(system);
  if (at == std::string::npos || head.find(system, at + 1) != std::string::npos) return false;
  format.system = {head.substr(0, at), head.substr(at + system.size())};
  return true;
}

// The format with the template's system part; absent: it writes something else.
std::optional<ChatFormat> as_written(const Probe& probe, const ChatFormat& known, bool trims) {
  ChatFormat format = known;
  format.trims = trims;
  format.without_system.clear();
  const auto head = without_end(probe.write(false), chat_text(write_chat(format, conversation())));
  if (!head) return std::nullopt;
  format.without_system = *head;
  const auto system = probe.try_write(true);
  const std::string text = trims ? "Qsys one." : kSystem;
  format.takes_system = system.has_value();
  if (!system) return format;
  ChatFormat bare = format;
  bare.without_system.clear();
  std::string rest = chat_text(write_chat(bare, conversation()));
  format.system_in_user = false;
  if (const auto before = without_end(*system, rest))
    return take_system(*before, text, format) ? std::optional(format) : std::nullopt;
  format.system_in_user = true;
  rest.erase(0, format.user.prefix.size());
  const auto before = without_end(*system, rest);
  if (!before || !take_system(*before, text, format)) return std::nullopt;
  const auto begin = without_end(format.system.prefix, format.user.prefix);
  if (!begin) return std::nullopt;
  format.system.prefix = *begin;
  return format;
}

}  // namespace

RecognizedFormat recognize_template(const TokenizerSettings& settings) {
  if (!settings.chat_template) return {{}, "the model brings no chat template along"};
  try {
    const ChatTemplate text(*settings.chat_template);
    const Probe probe(text, settings);
    for (const ChatFormat& known : chat_formats())
      for (const bool trims : {false, true})
        if (auto format = as_written(probe, known, trims)) return {std::move(format), {}};
    return {{}, fmt::format("the model's chat template writes none of {}", chat_format_names())};
  } catch (const TemplateError& error) {
    return {{}, fmt::format("the model's chat template has what is not understood here: {}", error.what())};
  }
}

}  // namespace convoy
