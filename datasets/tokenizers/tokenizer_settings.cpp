#include "datasets/tokenizers/tokenizer_settings.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/json_text.h"

namespace convoy {
namespace {

using SettingsJson = nlohmann::json;

SettingsJson settings_file(const std::map<std::string, std::string>& files, const char* name) {
  const auto found = files.find(name);
  if (found == files.end()) return SettingsJson::object();
  try {
    SettingsJson json = parse_json(found->second);
    if (json.is_object()) return json;
  } catch (const SettingsJson::exception& error) {
    throw CheckpointError(fmt::format("{} is no JSON: {}; take the one of these weights", name, error.what()));
  }
  throw CheckpointError(fmt::format("{} holds no object; take the one of these weights", name));
}

// Of a token: its text, or an object that has it.
std::optional<std::string> token_text(const SettingsJson& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end()) return std::nullopt;
  if (found->is_string()) return found->get<std::string>();
  if (found->is_object() && found->contains("content") && found->at("content").is_string())
    return found->at("content").get<std::string>();
  return std::nullopt;
}

std::optional<bool> flag(const SettingsJson& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_boolean() ? std::optional(found->get<bool>()) : std::nullopt;
}

// A number or a list of them.
std::vector<int64_t> token_numbers(const SettingsJson& json, const char* key) {
  std::vector<int64_t> numbers;
  const auto found = json.find(key);
  if (found == json.end()) return numbers;
  if (found->is_number_integer()) numbers.push_back(found->get<int64_t>());
  if (found->is_array())
    for (const SettingsJson& item : *found)
      if (item.is_number_integer()) numbers.push_back(item.get<int64_t>());
  return numbers;
}

// A text, or several with names, of which the default counts.
std::optional<std::string> template_text(const SettingsJson& config) {
  const auto found = config.find("chat_template");
  if (found == config.end()) return std::nullopt;
  if (found->is_string()) return found->get<std::string>();
  if (found->is_array())
    for (const SettingsJson& item : *found)
      if (item.is_object() && item.value("name", "") == "default" && item.contains("template"))
        return item.value("template", "");
  return std::nullopt;
}

}  // namespace

TokenizerSettings tokenizer_settings(const std::map<std::string, std::string>& files) {
  const SettingsJson config = settings_file(files, "tokenizer_config.json");
  const SettingsJson marks = settings_file(files, "special_tokens_map.json");
  TokenizerSettings settings;
  const auto text = [&](const char* key) {
    const auto told = token_text(config, key);
    return told ? told : token_text(marks, key);
  };
  settings.bos = text("bos_token"), settings.eos = text("eos_token");
  settings.padding = text("pad_token"), settings.unknown = text("unk_token");
  settings.add_bos = flag(config, "add_bos_token"), settings.add_eos = flag(config, "add_eos_token");
  settings.chat_template = template_text(config);
  if (const auto file = files.find("chat_template.jinja"); file != files.end()) settings.chat_template = file->second;
  for (const char* name : {"generation_config.json", "config.json"}) {
    const SettingsJson json = settings_file(files, name);
    if (settings.eos_ids.empty()) settings.eos_ids = token_numbers(json, "eos_token_id");
    if (const auto ids = token_numbers(json, "bos_token_id"); !settings.bos_id && !ids.empty())
      settings.bos_id = ids.front();
    if (const auto ids = token_numbers(json, "pad_token_id"); !settings.padding_id && !ids.empty())
      settings.padding_id = ids.front();
  }
  return settings;
}

}  // namespace convoy
