#include "launcher/config/setting.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <tuple>

#include "core/base/error.h"
#include "launcher/config/allowed_values.h"

namespace convoy {

std::string Place::text() const { return line == 0 ? source : fmt::format("{}:{}:{}", source, line, column); }

Setting* Setting::find(std::string_view key) {
  for (auto& [name, setting] : entries)
    if (name == key) return &setting;
  return nullptr;
}

const Setting* Setting::find(std::string_view key) const { return const_cast<Setting*>(this)->find(key); }

void throw_if_any(std::vector<Mistake> mistakes) {
  if (mistakes.empty()) return;
  std::stable_sort(mistakes.begin(), mistakes.end(), [](const Mistake& a, const Mistake& b) {
    return std::tie(a.place.source, a.place.line, a.place.column) <
           std::tie(b.place.source, b.place.line, b.place.column);
  });
  std::string all;
  if (mistakes.size() > 1) all = fmt::format("{} mistakes in the configuration\n", mistakes.size());
  for (const Mistake& mistake : mistakes)
    all += fmt::format("{}{}: {}\n", mistakes.size() > 1 ? "  " : "", mistake.place.text(), mistake.message);
  all.pop_back();
  throw ConfigError(all);
}

namespace {

constexpr size_t kMostParts = 16;  // parts of a key

Setting& entry(Setting& map, const std::string& name, const Place& place) {
  if (map.form == Setting::Form::nothing) map.form = Setting::Form::map;
  if (Setting* known = map.find(name)) return *known;
  map.entries.emplace_back(name, Setting{.key_place = place, .place = place});
  return map.entries.back().second;
}

}  // namespace

Setting command_line_settings(const std::vector<std::string>& words, std::vector<Mistake>& mistakes) {
  const Place place{"command line", 0, 0};
  Setting root{.form = Setting::Form::map, .key_place = place, .place = place};
  for (const std::string& word : words) {
    const size_t equals = word.find('=');
    const std::string key = word.substr(0, equals);
    if (equals == std::string::npos || equals == 0 ||
        static_cast<size_t>(std::count(key.begin(), key.end(), '.')) >= kMostParts) {
      mistakes.push_back(
          {place, fmt::format("`{}` is not of the form key=value, as in train.steps=100", shortened(word))});
      continue;
    }
    Setting* setting = &root;
    for (size_t begin = 0, dot = 0; dot != std::string::npos; begin = dot + 1) {
      dot = key.find('.', begin);
      setting = &entry(*setting, key.substr(begin, dot == std::string::npos ? dot : dot - begin), place);
    }
    setting->form = Setting::Form::text;
    setting->text = word.substr(equals + 1);
    setting->entries.clear();
  }
  return root;
}

}  // namespace convoy
