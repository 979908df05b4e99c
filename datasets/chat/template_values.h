// Expressions of chat templates: Jinja's, as far as templates of published models use them.
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <string>

#include "datasets/chat/template_tokens.h"

namespace convoy::chat {

// Discarded: what Jinja calls undefined.
using Value = nlohmann::json;
inline Value undefined() { return Value(Value::value_t::discarded); }

struct Scope {
  std::map<std::string, Value> names;
  std::set<std::string> namespaces;  // of which values outlive the loop that sets them
  const Value& of(const std::string& name) const {
    static const Value nothing = undefined();
    const auto found = names.find(name);
    return found == names.end() ? nothing : found->second;
  }
};

using Expression = std::function<Value(const Scope&)>;

// Reads words one after the other.
class WordReader {
 public:
  explicit WordReader(std::span<const Word> words) : words_(words) {}
  bool ends() const { return at_ == words_.size(); }
  bool next_is(std::string_view text, WordKind kind = WordKind::sign) const {
    return !ends() && words_[at_].kind == kind && words_[at_].text == text;
  }
  bool take(std::string_view text, WordKind kind = WordKind::sign) {
    const bool found = next_is(text, kind);
    at_ += found ? 1 : 0;
    return found;
  }
  bool take_name(std::string_view text) { return take(text, WordKind::name); }
  const Word& take();  // any
  void want(std::string_view text);
  std::string want_name();

 private:
  std::span<const Word> words_;
  size_t at_ = 0;
};

// Up to where no expression goes on. Throws TemplateError.
Expression read_expression(WordReader& words);

bool is_true(const Value& value);
std::string text_of_value(const Value& value);

// value.name(arguments) and value|name(arguments); throw TemplateError for names that are not known.
Value call_method(const Value& value, const std::string& name, const std::vector<Value>& arguments);
Value apply_filter(const Value& value, const std::string& name, const std::vector<Value>& arguments);
bool passes_test(const Value& value, const std::string& name);

}  // namespace convoy::chat
