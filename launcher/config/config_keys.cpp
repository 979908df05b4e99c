#include "launcher/config/config_keys.h"

#include <fmt/format.h>

#include <algorithm>

#include "launcher/config/nearest_name.h"

namespace convoy {
namespace {

std::string last_part(const std::string& key) { return key.substr(key.find_last_of('.') + 1); }
std::string group_of(const std::string& key) { return key.substr(0, key.find('.')); }

std::vector<std::string> keys_with(const std::vector<std::string>& keys, auto&& condition) {
  std::vector<std::string> chosen;
  std::copy_if(keys.begin(), keys.end(), std::back_inserter(chosen), condition);
  return chosen;
}

}  // namespace

std::vector<std::string> config_keys() {
  Config config;
  std::vector<std::string> keys;
  for_each_key(config, [&](const ConfigKey& key, auto&) { keys.push_back(key.name); });
  return keys;
}

std::vector<std::string> config_sections() {
  std::vector<std::string> sections;
  for (const std::string& key : config_keys())
    if (key.find('.') != std::string::npos && (sections.empty() || sections.back() != group_of(key)))
      sections.push_back(group_of(key));
  std::sort(sections.begin(), sections.end());
  sections.erase(std::unique(sections.begin(), sections.end()), sections.end());
  return sections;
}

std::string key_advice(const std::string& unknown_key) {
  const std::vector<std::string> keys = config_keys();
  const auto same_last_part =
      keys_with(keys, [&](const std::string& key) { return last_part(key) == last_part(unknown_key); });
  if (!same_last_part.empty()) {
    const std::string nearest = nearest_name(unknown_key, same_last_part).value_or(same_last_part.front());
    return fmt::format("; did you mean {}?", nearest);
  }
  const auto same_group = keys_with(
      keys, [&](const std::string& key) { return group_of(key) == group_of(unknown_key) && key != group_of(key); });
  std::vector<std::string> ends(same_group.size());
  std::transform(same_group.begin(), same_group.end(), ends.begin(), last_part);
  if (const auto nearest = nearest_name(last_part(unknown_key), ends))
    return fmt::format("; did you mean {}.{}?", group_of(unknown_key), *nearest);
  if (!ends.empty()) return fmt::format("; the keys of {} are {}", group_of(unknown_key), fmt::join(ends, ", "));
  if (const auto nearest = nearest_name(group_of(unknown_key), config_sections());
      nearest && unknown_key.find('.') != std::string::npos)
    return fmt::format("; there is no group {}, did you mean {}?", group_of(unknown_key), *nearest);
  if (std::string nearest = did_you_mean(unknown_key, keys); !nearest.empty()) return nearest;
  return "; `trainer config` prints all keys";
}

}  // namespace convoy
