#include "datasets/chat/template_tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace convoy::chat {
namespace {

constexpr std::string_view kSpaces = " \t\r\n";

bool is_name(char c, bool first) {
  const auto byte = static_cast<unsigned char>(c);
  return c == '_' || (first ? std::isalpha(byte) : std::isalnum(byte)) != 0;
}

std::string quoted_text(std::string_view text, size_t& at) {
  const char quote = text[at++];
  std::string result;
  for (; at < text.size() && text[at] != quote; ++at) {
    if (text[at] != '\\' || at + 1 == text.size()) {
      result += text[at];
      continue;
    }
    const char escaped = text[++at];
    result += escaped == 'n' ? '\n' : escaped == 't' ? '\t' : escaped == 'r' ? '\r' : escaped;
  }
  if (at == text.size()) throw TemplateError("a text that does not end");
  ++at;
  return result;
}

std::vector<Word> words_of(std::string_view text) {
  std::vector<Word> words;
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    const char c = text[at];
    if (kSpaces.find(c) != std::string_view::npos) {
      ++at;
    } else if (c == '\'' || c == '"') {
      words.push_back({WordKind::text, quoted_text(text, at)});
    } else if (is_name(c, true)) {
      while (at < text.size() && is_name(text[at], false)) ++at;
      words.push_back({WordKind::name, std::string(text.substr(begin, at - begin))});
    } else if (std::isdigit(static_cast<unsigned char>(c)) != 0) {
      while (at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0) ++at;
      words.push_back({WordKind::number, std::string(text.substr(begin, at - begin))});
    } else {
      const std::string_view two = text.substr(at, 2);
      const bool is_pair = two == "==" || two == "!=" || two == "<=" || two == ">=" || two == "//";
      at += is_pair ? 2 : 1;
      words.push_back({WordKind::sign, std::string(text.substr(begin, at - begin))});
    }
  }
  return words;
}

// The end of a tag's words, outside of texts.
size_t find_tag_end(std::string_view text, size_t from, std::string_view ending) {
  char quote = 0;
  for (size_t at = from; at < text.size(); ++at) {
    if (quote != 0) {
      if (text[at] == '\\')
        ++at;
      else if (text[at] == quote)
        quote = 0;
    } else if (text.substr(at).starts_with(ending)) {
      return at;
    } else if (ending != "#}" && (text[at] == '\'' || text[at] == '"')) {
      quote = text[at];
    }
  }
  throw TemplateError("a tag that does not end");
}

// White space from the line's begin up to a tag.
void strip_line_begin(std::string& text) {
  const size_t last = text.find_last_not_of(" \t");
  if (last == std::string::npos)
    text.clear();
  else if (text[last] == '\n')
    text.resize(last + 1);
}

// Is what is before a tag, back to a line's begin, white space alone? begins_line: the text itself does.
bool at_line_begin(const std::string& text, bool begins_line) {
  const size_t last = text.find_last_not_of(" \t");
  return last == std::string::npos ? begins_line : text[last] == '\n';
}

void strip_end(std::string& text) {
  const size_t last = text.find_last_not_of(kSpaces);
  text.resize(last == std::string::npos ? 0 : last + 1);
}

}  // namespace

std::vector<TemplatePart> template_parts(std::string_view text) {
  std::vector<TemplatePart> parts;
  bool strips = false, trims_line_end = false;  // what the tag before does to the text behind it
  for (size_t at = 0; at < text.size();) {
    size_t tag = at;
    while ((tag = text.find('{', tag)) != std::string_view::npos &&
           (tag + 1 == text.size() || std::string_view("{%#").find(text[tag + 1]) == std::string_view::npos))
      ++tag;
    std::string between(text.substr(at, tag == std::string_view::npos ? tag : tag - at));
    const bool line_ended = trims_line_end && !strips && between.starts_with('\n');
    if (strips) between.erase(0, std::min(between.find_first_not_of(kSpaces), between.size()));
    if (line_ended) between.erase(0, 1);
    const bool ends = tag == std::string_view::npos;
    const char kind = ends ? '\0' : text[tag + 1];
    const bool minus = !ends && tag + 2 < text.size() && text[tag + 2] == '-';
    if (minus)
      strip_end(between);
    else if ((kind == '%' || kind == '#') && at_line_begin(between, line_ended || at == 0))
      strip_line_begin(between);
    if (!between.empty()) parts.push_back({PartKind::text, std::move(between), {}});
    if (ends) break;
    const std::string_view ending = kind == '{' ? "}}" : kind == '%' ? "%}" : "#}";
    const size_t begin = tag + 2 + (minus ? 1 : 0), end = find_tag_end(text, begin, ending);
    std::string_view inside = text.substr(begin, end - begin);
    strips = inside.ends_with('-');
    trims_line_end = kind != '{';
    if (strips) inside.remove_suffix(1);
    if (kind != '#') parts.push_back({kind == '{' ? PartKind::output : PartKind::statement, {}, words_of(inside)});
    at = end + 2;
  }
  return parts;
}

}  // namespace convoy::chat
