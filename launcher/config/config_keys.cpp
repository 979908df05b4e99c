#include "launcher/config/config_keys.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/nearest_name.h"
#include "launcher/config/key_walk.h"
#include "launcher/config/scalar_text.h"

namespace convoy {
namespace {

std::string last_part(const std::string& key) { return key.substr(key.find_last_of('.') + 1); }
std::string group_of(const std::string& key) {
  const size_t dot = key.find_last_of('.');
  return dot == std::string::npos ? key : key.substr(0, dot);
}
std::string section_of(const std::string& key) { return key.substr(0, key.find('.')); }

class Flatten final : public KeyWalk {
 public:
  std::vector<ConfigKey> keys;

 protected:
  void leaf(const std::string& name, const Key& key, const Field& field) override {
    keys.push_back(
        {name, key.effect, key.unit, key.meaning, key.allowed, scalar_text(field, key), raw_text(field, key)});
  }
  void kind_name(const std::string& name, const Key& key, AnyChoice& choice) override {
    const std::string kind(choice.name());
    keys.push_back(
        {name, key.effect, key.unit, key.meaning, Allowed::one_of(kind_names(choice)), scalar_text(kind), kind});
  }
};

std::vector<std::string> keys_with(const std::vector<std::string>& keys, auto&& condition) {
  std::vector<std::string> chosen;
  std::copy_if(keys.begin(), keys.end(), std::back_inserter(chosen), condition);
  return chosen;
}

}  // namespace

std::vector<std::string_view> kind_names(const AnyChoice& choice) {
  std::vector<std::string_view> names;
  for (const AnyChoice::KindText& kind : choice.kinds()) names.push_back(kind.name);
  return names;
}

std::vector<ConfigKey> keys_of(const DescribeKeys& describe) {
  Flatten flatten;
  describe(flatten);
  return std::move(flatten.keys);
}

std::vector<ConfigKey> keys_of(Config config) {
  return keys_of([&config](Keys& keys) { describe(keys, config); });
}

std::vector<std::string> config_keys() {
  std::vector<std::string> keys;
  for (ConfigKey& key : keys_of(Config())) keys.push_back(std::move(key.name));
  return keys;
}

std::vector<std::string> config_sections() {
  std::vector<std::string> sections;
  for (const std::string& key : config_keys())
    if (key.find('.') != std::string::npos && (sections.empty() || sections.back() != section_of(key)))
      sections.push_back(section_of(key));
  std::sort(sections.begin(), sections.end());
  sections.erase(std::unique(sections.begin(), sections.end()), sections.end());
  return sections;
}

std::string key_advice(const std::string& unknown_key, const std::vector<std::string>& keys) {
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
  if (const auto nearest = nearest_name(section_of(unknown_key), config_sections());
      nearest && unknown_key.find('.') != std::string::npos && *nearest != section_of(unknown_key))
    return fmt::format("; there is no group {}, did you mean {}?", section_of(unknown_key), *nearest);
  if (std::string nearest = did_you_mean(unknown_key, keys); !nearest.empty()) return nearest;
  return "; `trainer config` prints all keys";
}

}  // namespace convoy
