#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "core/base/json_text.h"
#include "datasets/chat/template_values.h"

namespace convoy::chat {
namespace {

constexpr std::string_view kTrimmed = " \t\r\n\v\f";

std::string trimmed(std::string text, bool left, bool right, std::string_view characters = kTrimmed) {
  if (left) text.erase(0, std::min(text.find_first_not_of(characters), text.size()));
  if (right) text.erase(text.find_last_not_of(characters) + 1);
  return text;
}

std::string cased(std::string text, int (*change)(int)) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 128) c = static_cast<char>(change(static_cast<unsigned char>(c)));
  return text;
}

Value split(const std::string& text, const std::string& at) {
  Value parts = Value::array();
  size_t begin = 0;
  for (size_t end; !at.empty() && (end = text.find(at, begin)) != std::string::npos; begin = end + at.size())
    parts.push_back(text.substr(begin, end - begin));
  parts.push_back(text.substr(begin));
  return parts;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  if (from.empty()) return text;
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

std::string joined(const Value& list, const std::string& between) {
  std::string text;
  for (size_t i = 0; i < list.size(); ++i) text += (i > 0 ? between : "") + text_of_value(list[i]);
  return text;
}

std::string text_argument(const std::vector<Value>& arguments, size_t i, const char* otherwise = "") {
  return i < arguments.size() ? text_of_value(arguments[i]) : std::string(otherwise);
}

Value length_of(const Value& value) {
  return static_cast<int64_t>(value.is_string() ? value.get_ref<const std::string&>().size() : value.size());
}

}  // namespace

bool is_true(const Value& value) {
  if (value.is_discarded() || value.is_null()) return false;
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number()) return value.get<double>() != 0;
  return value.is_string() ? !value.get_ref<const std::string&>().empty() : !value.empty();
}

std::string text_of_value(const Value& value) {
  if (value.is_discarded()) return {};
  if (value.is_string()) return value.get<std::string>();
  if (value.is_null()) return "None";
  if (value.is_boolean()) return value.get<bool>() ? "True" : "False";
  return json_text(value);
}

Value call_method(const Value& value, const std::string& name, const std::vector<Value>& arguments) {
  if (value.is_object()) {
    if (name == "get") {
      const auto found = value.find(text_argument(arguments, 0));
      return found != value.end() ? *found : arguments.size() > 1 ? arguments[1] : Value();
    }
    if (name == "items") {
      Value items = Value::array();
      for (const auto& [key, item] : value.items()) items.push_back(Value::array({key, item}));
      return items;
    }
  }
  if (!value.is_string()) throw TemplateError(fmt::format("the function {} of what is no text", name));
  const std::string text = value.get<std::string>(), first = text_argument(arguments, 0);
  const std::string_view trims = arguments.empty() ? kTrimmed : std::string_view(first);
  if (name == "strip") return trimmed(text, true, true, trims);
  if (name == "lstrip") return trimmed(text, true, false, trims);
  if (name == "rstrip") return trimmed(text, false, true, trims);
  if (name == "startswith") return text.starts_with(first);
  if (name == "endswith") return text.ends_with(first);
  if (name == "split" && !first.empty()) return split(text, first);
  if (name == "replace") return replaced(text, first, text_argument(arguments, 1));
  if (name == "upper") return cased(text, std::toupper);
  if (name == "lower") return cased(text, std::tolower);
  throw TemplateError(fmt::format("the function {}", name));
}

Value apply_filter(const Value& value, const std::string& name, const std::vector<Value>& arguments) {
  if (name == "trim") return trimmed(text_of_value(value), true, true);
  if (name == "length" || name == "count") return length_of(value);
  if (name == "string") return text_of_value(value);
  if (name == "safe" || name == "list") return value;
  if (name == "upper") return cased(text_of_value(value), std::toupper);
  if (name == "lower") return cased(text_of_value(value), std::tolower);
  if (name == "tojson")
    return json_text(value, arguments.empty() || !arguments[0].is_number() ? -1 : arguments[0].get<int>());
  if (name == "replace")
    return replaced(text_of_value(value), text_argument(arguments, 0), text_argument(arguments, 1));
  if (name == "join" && value.is_array()) return joined(value, text_argument(arguments, 0));
  if (name == "first" && value.is_array()) return value.empty() ? undefined() : value.front();
  if (name == "last" && value.is_array()) return value.empty() ? undefined() : value.back();
  if (name == "default") return value.is_discarded() && !arguments.empty() ? arguments[0] : value;
  throw TemplateError(fmt::format("the filter {}", name));
}

bool passes_test(const Value& value, const std::string& name) {
  if (name == "defined") return !value.is_discarded();
  if (name == "undefined") return value.is_discarded();
  if (name == "none") return value.is_null();
  if (name == "string") return value.is_string();
  if (name == "mapping") return value.is_object();
  if (name == "sequence" || name == "iterable") return value.is_array() || value.is_string() || value.is_object();
  if (name == "number") return value.is_number();
  if (name == "boolean") return value.is_boolean();
  if (name == "true") return value.is_boolean() && value.get<bool>();
  if (name == "false") return value.is_boolean() && !value.get<bool>();
  throw TemplateError(fmt::format("the test {}", name));
}

}  // namespace convoy::chat
