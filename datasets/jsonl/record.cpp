#include "datasets/jsonl/record.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <xxhash.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/base/json_text.h"
#include "core/base/nearest_name.h"

namespace convoy {
namespace {

using Json = nlohmann::json;

// "syntax error while parsing value - invalid literal; last read: 'x'", without what the library puts in front.
std::string parser_text(std::string_view what) {
  if (const size_t at = what.find("] "); at != std::string_view::npos) what.remove_prefix(at + 2);
  if (const size_t at = what.find(" - "); at != std::string_view::npos) what.remove_prefix(at + 3);
  return std::string(what);
}

Json parse_line(std::string_view line) {
  try {
    Json json = parse_json(line);
    if (json.is_object()) return json;
    throw RecordError(fmt::format("{} of JSON, wanted an object on each line{}", json.type_name(),
                                  json.is_array() ? "; `jq -c '.[]'` makes lines of an array" : ""));
  } catch (const Json::parse_error& error) {
    throw RecordError(fmt::format("no JSON at byte {} of the line: {}; wanted an object on each line", error.byte,
                                  parser_text(error.what())));
  } catch (const Json::out_of_range& error) {  // 1e999
    throw RecordError(fmt::format("a number that cannot be held: {}", parser_text(error.what())));
  }
}

ChatRole role_named(const std::string& name) {
  constexpr std::pair<std::string_view, ChatRole> kRoles[] = {
      {"system", ChatRole::system},       {"user", ChatRole::user},     {"human", ChatRole::user},
      {"assistant", ChatRole::assistant}, {"gpt", ChatRole::assistant}, {"model", ChatRole::assistant}};
  for (const auto& [known, role] : kRoles)
    if (name == known) return role;
  throw RecordError(
      fmt::format("a message of the role \"{}\"; wanted system, user (human) or assistant (gpt, model)", name));
}

const char* name_of(ChatRole role) {
  return role == ChatRole::system ? "system" : role == ChatRole::user ? "user" : "assistant";
}

class RecordReader {
 public:
  RecordReader(const RecordColumns& columns, std::optional<NormalForm> form) : c_(columns), form_(form) {}

  Record read(const Json& json) const {
    if (json.contains(c_.chosen) || json.contains(c_.rejected)) return preference(json);
    if (json.contains(c_.messages)) return conversation(json);
    if (json.contains(c_.completion)) return completion(json);
    if (json.contains(c_.text)) return {RecordKind::text, {text_in(json, c_.text)}, {}};
    const bool prompts = json.contains(c_.prompt);
    missing(json, prompts ? std::vector{c_.completion, c_.chosen}
                          : std::vector{c_.messages, c_.text, c_.completion, c_.chosen});
  }

 private:
  // The option that names such a column.
  std::string option_of(const std::string& column) const {
    const std::pair<const char*, const std::string*> options[] = {
        {"text", &c_.text},     {"messages", &c_.messages},     {"role", &c_.role},     {"content", &c_.content},
        {"prompt", &c_.prompt}, {"completion", &c_.completion}, {"chosen", &c_.chosen}, {"rejected", &c_.rejected}};
    for (const auto& [option, name] : options)
      if (*name == column) return fmt::format("--{}-column", option);
    return {};
  }
  // wanted: one of these.
  [[noreturn]] void missing(const Json& json, const std::vector<std::string>& wanted) const {
    std::vector<std::string> there;
    for (const auto& item : json.items()) there.push_back(item.key());
    std::string remedy;
    for (const std::string& name : wanted)
      if (const auto near = nearest_name(name, there); near && remedy.empty())
        remedy = fmt::format("; if {} is meant, say {} {}", *near, option_of(name), *near);
    if (remedy.empty()) remedy = fmt::format("; {} names another", option_of(wanted.front()));
    throw RecordError(fmt::format("no column {}; it has {}{}", fmt::join(wanted, " or "),
                                  there.empty() ? "none" : fmt::format("{}", fmt::join(there, ", ")), remedy));
  }
  const Json& column(const Json& json, const std::string& name) const {
    const auto found = json.find(name);
    if (found == json.end()) missing(json, {name});
    return *found;
  }
  std::string text_of(const Json& value, const std::string& name) const {
    if (!value.is_string()) throw RecordError(fmt::format("{} is {}, wanted a text", name, value.type_name()));
    const auto& text = value.get_ref<const std::string&>();
    return form_ ? normalized(text, *form_) : text;
  }
  std::string text_in(const Json& json, const std::string& name) const { return text_of(column(json, name), name); }

  std::vector<ChatMessage> messages_of(const Json& value, const std::string& name) const {
    if (!value.is_array())
      throw RecordError(fmt::format("{} is {}, wanted a list of messages", name, value.type_name()));
    std::vector<ChatMessage> messages;
    for (const Json& item : value) {
      if (!item.is_object())
        throw RecordError(fmt::format("message {} of {} is {}, wanted an object with {} and {}", messages.size() + 1,
                                      name, item.type_name(), c_.role, c_.content));
      messages.push_back({role_named(text_in(item, c_.role)), text_in(item, c_.content)});
    }
    return messages;
  }

  // Throws unless questions and answers take turns. True: a question behind the last answer was left out.
  static bool check_turns(std::vector<ChatMessage>& messages) {
    const size_t first = !messages.empty() && messages[0].role == ChatRole::system ? 1 : 0;
    for (size_t i = first; i < messages.size(); ++i) {
      const ChatRole wanted = (i - first) % 2 == 0 ? ChatRole::user : ChatRole::assistant;
      if (messages[i].role != wanted)
        throw RecordError(
            fmt::format("message {} is of the role {}, wanted {}: if need be a system message, then user and assistant "
                        "in turns",
                        i + 1, name_of(messages[i].role), name_of(wanted)));
    }
    if (std::ranges::none_of(messages, [](const auto& message) { return message.role == ChatRole::assistant; }))
      throw RecordError("a conversation without an assistant's message: there is nothing to learn in it");
    if (messages.back().role == ChatRole::assistant) return false;
    messages.pop_back();
    return true;
  }

  Record conversation(const Json& json) const {
    Record record{RecordKind::conversation, {}, {messages_of(column(json, c_.messages), c_.messages)}};
    record.had_last_question = check_turns(record.conversations[0]);
    return record;
  }

  Record completion(const Json& json) const {
    const Json& prompt = column(json, c_.prompt);
    const Json& answer = column(json, c_.completion);
    if (!prompt.is_array() && !answer.is_array())
      return {RecordKind::completion, {text_of(prompt, c_.prompt), text_of(answer, c_.completion)}, {}};
    return {RecordKind::completion, {}, {joined(json, c_.completion)}};
  }

  // A prompt and an answer, of which one is of messages; or an answer that has what it answers in it.
  std::vector<ChatMessage> joined(const Json& json, const std::string& name) const {
    const Json& answer = column(json, name);
    std::vector<ChatMessage> answers = answer.is_array()
                                           ? messages_of(answer, name)
                                           : std::vector<ChatMessage>{{ChatRole::assistant, text_of(answer, name)}};
    std::vector<ChatMessage> messages;
    if (!answers.empty() && answers[0].role == ChatRole::assistant) {
      const Json& prompt = column(json, c_.prompt);
      messages = prompt.is_array() ? messages_of(prompt, c_.prompt)
                                   : std::vector<ChatMessage>{{ChatRole::user, text_of(prompt, c_.prompt)}};
    }
    std::ranges::move(answers, std::back_inserter(messages));
    check_turns(messages);
    return messages;
  }

  Record preference(const Json& json) const {
    const Json &chosen = column(json, c_.chosen), &rejected = column(json, c_.rejected);
    const bool texts = chosen.is_string() && rejected.is_string();
    if (texts && column(json, c_.prompt).is_string())
      return {RecordKind::preference,
              {text_in(json, c_.prompt), text_of(chosen, c_.chosen), text_of(rejected, c_.rejected)},
              {}};
    return {RecordKind::preference, {}, {joined(json, c_.chosen), joined(json, c_.rejected)}};
  }

  const RecordColumns& c_;
  std::optional<NormalForm> form_;
};

void add_to_key(std::string& key, std::string_view text) {
  const uint64_t size = text.size();
  key.append(reinterpret_cast<const char*>(&size), sizeof size);
  key += text;
}

}  // namespace

Record read_record(std::string_view line, const RecordColumns& columns, std::optional<NormalForm> form) {
  return RecordReader(columns, form).read(parse_line(line));
}

RecordKey key_of(const Record& record) {
  std::string key(1, static_cast<char>(record.kind));
  for (const std::string& text : record.texts) add_to_key(key, text);
  for (const auto& conversation : record.conversations) {
    add_to_key(key, "conversation");
    for (const ChatMessage& message : conversation) {
      key += static_cast<char>(message.role);
      add_to_key(key, message.text);
    }
  }
  const XXH128_hash_t hash = XXH3_128bits(key.data(), key.size());
  return {hash.low64, hash.high64};
}

}  // namespace convoy
