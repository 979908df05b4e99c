#include "launcher/config/load_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "launcher/config/allowed_values.h"
#include "launcher/config/config_keys.h"
#include "launcher/config/parse_value.h"
#include "launcher/config/presets.h"
#include "launcher/config/setting.h"
#include "launcher/config/validate.h"
#include "launcher/config/yaml_settings.h"

namespace convoy {
namespace {

class Loader {
 public:
  explicit Loader(Config start) : config_(std::move(start)) {}

  std::vector<Mistake> mistakes;

  // One layer of settings over what is there already.
  void apply(const std::vector<Setting>& settings) {
    std::map<std::string, const Setting*> by_key;
    for (const Setting& setting : settings) by_key[setting.key] = &setting;
    if (const auto preset = by_key.find("model.preset"); preset != by_key.end())
      apply_preset(preset->second->value, config_.model);
    for_each_key(config_, [&](const ConfigKey& key, auto& field) {
      const auto found = by_key.find(key.name);
      if (found == by_key.end()) return;
      assign(*found->second, field);
      by_key.erase(found);
    });
    for (const auto& [key, setting] : by_key) mistakes.push_back({setting->place, unknown_key(key)});
  }

  // Contradictions point at the first key involved that was given; one that rests on a value that could not even be
  // read is not worth telling.
  Config finish() {
    for (const Contradiction& contradiction : find_contradictions(config_)) {
      const auto& keys = contradiction.keys;
      if (std::any_of(keys.begin(), keys.end(), [&](const std::string& key) { return unread_.count(key) > 0; }))
        continue;
      const auto given =
          std::find_if(keys.begin(), keys.end(), [&](const std::string& key) { return places_.count(key) > 0; });
      mistakes.push_back({given == keys.end() ? Place{"defaults", 0, 0} : places_[*given], contradiction.message});
    }
    throw_if_any(std::move(mistakes));
    return config_;
  }

 private:
  template <class Field>
  void assign(const Setting& setting, Field& field) {
    places_[setting.key] = setting.place;
    unread_.erase(setting.key);
    std::optional<std::string> problem;
    if (setting.quoted && !std::is_same_v<Field, std::string>)
      problem = "is text in quotes; write it without quotes";
    else
      problem = parse_value(setting.value, field);
    if (!problem) return;
    unread_.insert(setting.key);
    mistakes.push_back({setting.place, fmt::format("{} = {} {}", setting.key, shortened(setting.value), *problem)});
  }

  static std::string unknown_key(const std::string& key) {
    const std::vector<std::string> sections = config_sections();
    if (std::find(sections.begin(), sections.end(), key) == sections.end())
      return fmt::format("unknown key {}{}", shortened(key), key_advice(key));
    return fmt::format("{} is a group of keys; set one of them, as in {}.KEY=VALUE", key, key);
  }

  Config config_;
  std::map<std::string, Place> places_;
  std::set<std::string> unread_;
};

}  // namespace

Config parse_config(const std::string& text, const std::string& source, const std::vector<std::string>& overrides) {
  Loader loader{Config()};
  loader.apply(yaml_settings(text, source, config_sections(), loader.mistakes));
  loader.apply(command_line_settings(overrides, loader.mistakes));
  return loader.finish();
}

Config load_config(const std::filesystem::path& file, const std::vector<std::string>& overrides) {
  return parse_config(read_config_file(file), file.string(), overrides);
}

Config override_config(const Config& config, const std::vector<std::string>& overrides) {
  Loader loader(config);
  loader.apply(command_line_settings(overrides, loader.mistakes));
  return loader.finish();
}

}  // namespace convoy
