#include "launcher/config/write_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <string_view>

#include "core/base/byte_text.h"
#include "core/base/utf8.h"
#include "launcher/config/allowed_values.h"
#include "launcher/config/config_keys.h"

namespace convoy {
namespace {

bool needs_quotes(std::string_view text) {
  if (text.empty() || !(std::isalpha(static_cast<unsigned char>(text[0])) || text[0] == '/' || text[0] == '.'))
    return true;
  for (const char c : text)
    if (!std::isalnum(static_cast<unsigned char>(c)) && std::string_view("/._-").find(c) == std::string_view::npos)
      return true;
  // Other readers of YAML would take these, and what starts like .5 or .inf, for something else than text.
  constexpr std::array kSpecial = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"};
  std::string lower;
  for (const char c : text) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const char* special : kSpecial)
    if (lower == special) return true;
  return text[0] == '.' && text.size() > 1 && std::isalnum(static_cast<unsigned char>(text[1]));
}

// What YAML wants escaped, or takes for a line end.
bool is_printable(char32_t c) {
  if (c < 0xa0) return c >= 0x20 && c < 0x7f;
  return c != 0x2028 && c != 0x2029 && c != 0xfeff && c != 0xfffe && c != 0xffff;
}

// Names of files are bytes: what is no UTF-8 is written as byte_text.h says.
std::string scalar(const std::string& value) {
  const std::string text = text_of_bytes(value);
  if (!needs_quotes(text)) return text;
  std::string quoted = "\"";
  for (size_t position = 0; position < text.size();) {
    const char32_t c = next_code_point(text, position);
    if (c == '"' || c == '\\')
      quoted.append({'\\', static_cast<char>(c)});
    else if (!is_printable(c))
      quoted += c < 0x100 ? fmt::format("\\x{:02x}", uint32_t{c}) : fmt::format("\\u{:04x}", uint32_t{c});
    else
      append_utf8(quoted, c);
  }
  return quoted + "\"";
}

std::string scalar(double value) {
  std::string text = fmt::format("{}", value);  // shortest that reads back exactly
  // YAML 1.1 readers take 1e-08 for text: they want the point.
  if (text.find('.') == std::string::npos) text.insert(std::min(text.find('e'), text.size()), ".0");
  return text;
}

std::string scalar(bool value) { return value ? "true" : "false"; }
std::string scalar(int64_t value) { return fmt::format("{}", value); }
std::string scalar(const Auto& value) { return value.value ? scalar(*value.value) : "auto"; }
template <class E>
requires std::is_enum_v<E> std::string scalar(E value) { return std::string(to_name(value)); }

// "[steps, 0 to 1000] ", what a reader should know of the value before its meaning.
std::string in_brackets(const ConfigKey& key) {
  const std::string allowed = allowed_text(key.allowed);
  if (key.unit.empty() && allowed.empty()) return "";
  return fmt::format("[{}{}{}] ", key.unit, key.unit.empty() || allowed.empty() ? "" : ", ", allowed);
}

constexpr size_t kCommentColumn = 32;

std::string write(Config config, bool with_comments) {
  std::string page, group;
  for_each_key(config, [&](const ConfigKey& about, auto& field) {
    const std::string& key = about.name;
    const size_t dot = key.find('.');
    const bool grouped = dot != std::string::npos;
    if (grouped && key.substr(0, dot) != group) {
      group = key.substr(0, dot);
      page += group + ":\n";
    }
    const std::string line =
        fmt::format("{}{}: {}", grouped ? "  " : "", grouped ? key.substr(dot + 1) : key, scalar(field));
    page += line;
    if (with_comments) {
      page += fmt::format("{:{}}  # ", "", line.size() < kCommentColumn ? kCommentColumn - line.size() : 0);
      page += in_brackets(about) + std::string(about.meaning);
    }
    page += "\n";
  });
  return page;
}

}  // namespace

std::vector<ConfigDifference> config_differences(Config before, Config after) {
  std::vector<ConfigDifference> differences;
  for_each_key(before, [&](const ConfigKey& key, auto& field) {
    differences.push_back({key.name, scalar(field), ""});
  });
  auto entry = differences.begin();
  for_each_key(after, [&](const ConfigKey&, auto& field) { (entry++)->after = scalar(field); });
  std::erase_if(differences, [](const ConfigDifference& d) { return d.before == d.after; });
  return differences;
}

std::optional<std::string> config_value(Config config, std::string_view key) {
  std::optional<std::string> value;
  for_each_key(config, [&](const ConfigKey& known, auto& field) {
    if (known.name != key) return;
    if constexpr (std::is_same_v<std::decay_t<decltype(field)>, std::string>)
      value = field;
    else
      value = scalar(field);
  });
  return value;
}

std::string to_yaml(const Config& config) { return write(config, false); }
std::string config_page(const Config& config) { return write(config, true); }

}  // namespace convoy
