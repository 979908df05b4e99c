#include "launcher/config/unknown_keys.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/nearest_name.h"
#include "launcher/config/allowed_values.h"
#include "launcher/config/config_keys.h"

namespace convoy {
namespace {

using Form = Setting::Form;

class HasKey final : public Keys {
 public:
  explicit HasKey(std::string_view key) : key_(key) {}
  bool found = false;

 protected:
  void value(const Key& key, const Field&) override { found |= key.name == key_; }
  void group(std::string_view name, const std::function<void(Keys&)>&) override { found |= name == key_; }
  void groups(const Key& key, const ListField&) override { found |= key.name == key_; }
  void choose(const Key& key, AnyChoice&) override { found |= key.name == key_; }
  void choices(const Key& key, const ChoiceListField&) override { found |= key.name == key_; }

 private:
  std::string_view key_;
};

std::vector<std::string> names_of(const std::vector<ConfigKey>& keys) {
  std::vector<std::string> names;
  for (const ConfigKey& key : keys) names.push_back(key.name);
  return names;
}

std::string nearest_section(const std::string& name) {
  const std::vector<std::string> sections = config_sections();
  const std::string nearest = did_you_mean(name, sections);
  return nearest.empty() ? fmt::format("; there are {}", fmt::join(sections, ", ")) : nearest;
}

}  // namespace

std::vector<std::string> kinds_with_key(const AnyChoice& choice, std::string_view key) {
  std::vector<std::string> having;
  const std::unique_ptr<AnyChoice> other = choice.copy();
  for (const AnyChoice::KindText& kind : choice.kinds()) {
    other->choose(kind.name);
    HasKey has(key);
    other->describe(has);
    if (has.found) having.emplace_back(kind.name);
  }
  return having;
}

UnknownKeys::UnknownKeys(const DescribeKeys& config, const std::set<const Setting*>& used,
                         const std::set<std::string>& unread, std::vector<Mistake>& mistakes)
    : config_(config), used_(used), unread_(unread), mistakes_(mistakes) {}

void UnknownKeys::tell(const Setting& settings, const std::string& path) {
  for (size_t i = 0; i < settings.items.size(); ++i) {
    const std::string item = path + std::to_string(i);
    if (!unread_.contains(item)) tell(settings.items[i], item + ".");
  }
  for (const auto& [key, setting] : settings.entries) tell_one(key, setting, path);
}

void UnknownKeys::tell_one(const std::string& key, const Setting& setting, const std::string& path) {
  const std::string name = path + key;
  if (used_.contains(&setting)) {
    if (!unread_.contains(name)) tell(setting, name + ".");
    return;
  }
  const bool in_file = setting.key_place.line > 0;
  if (setting.form == Form::map && !in_file)
    tell(setting, name + ".");
  else if (setting.form == Form::map && path.empty())
    mistakes_.push_back(
        {setting.key_place, fmt::format("unknown group of keys {}{}", shortened(name), nearest_section(name))});
  else
    mistakes_.push_back(
        {setting.form == Form::nothing ? setting.key_place : setting.place,
         fmt::format("unknown key {}{}", shortened(name), key_advice(name, names_of(keys_of(config_))))});
}

}  // namespace convoy
