#include "launcher/config/scalar_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <string_view>

#include "core/base/byte_text.h"
#include "core/base/utf8.h"

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

struct TextOf {
  const Key& key;
  std::string operator()(const EnumField& field) const { return std::string(field.names[field.get()]); }
  std::string operator()(const Auto* field) const { return of_automatic(*field); }
  std::string operator()(const AutoReal* field) const { return of_automatic(*field); }
  std::string operator()(const std::string* field) const { return scalar_text(*field); }
  std::string operator()(const double* field) const { return scalar_text(*field); }
  std::string operator()(const bool* field) const { return *field ? "true" : "false"; }
  std::string operator()(const int64_t* field) const { return fmt::format("{}", *field); }
  std::string operator()(const std::vector<std::string>* field) const { return of_list(*field); }
  std::string operator()(const std::vector<int64_t>* field) const { return of_list(*field); }
  template <class Number>
  std::string operator()(const WordOr<Number>* field) const {
    return field->word.empty() ? of_list(field->numbers) : field->word;
  }

  template <class Automatic>
  std::string of_automatic(const Automatic& field) const {
    return field.value ? (*this)(&*field.value) : std::string(key.allowed.word);
  }
  template <class Item>
  std::string of_list(const std::vector<Item>& items) const {
    std::vector<std::string> texts;
    for (const Item& item : items) texts.push_back((*this)(&item));
    return fmt::format("[{}]", fmt::join(texts, ", "));
  }
};

}  // namespace

std::string scalar_text(const std::string& value) {
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

std::string scalar_text(double value) {
  std::string text = fmt::format("{}", value);
  // YAML 1.1 readers take 1e-08 for text: they want the point.
  if (text.find('.') == std::string::npos) text.insert(std::min(text.find('e'), text.size()), ".0");
  return text;
}

std::string scalar_text(const Field& field, const Key& key) { return std::visit(TextOf{key}, field); }

std::string raw_text(const Field& field, const Key& key) {
  if (const auto* text = std::get_if<std::string*>(&field)) return **text;
  return scalar_text(field, key);
}

}  // namespace convoy
