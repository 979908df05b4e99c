#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "datasets/chat/template_values.h"

namespace convoy::chat {
namespace {

struct Arguments {
  std::vector<Expression> values;
  std::vector<std::pair<std::string, Expression>> named;
  std::vector<Value> of(const Scope& scope) const {
    std::vector<Value> result;
    for (const Expression& value : values) result.push_back(value(scope));
    return result;
  }
};

// Behind the opening bracket.
Arguments read_arguments(WordReader& words) {
  Arguments arguments;
  while (!words.take(")")) {
    WordReader ahead = words;
    if (!ahead.ends() && ahead.take().kind == WordKind::name && ahead.take("=")) {
      const std::string name = words.want_name();
      words.want("=");
      arguments.named.emplace_back(name, read_expression(words));
    } else {
      arguments.values.push_back(read_expression(words));
    }
    if (!words.next_is(")")) words.want(",");
  }
  return arguments;
}

Value item_of(const Value& value, const Value& key) {
  if (value.is_object() && key.is_string()) {
    const auto found = value.find(key.get<std::string>());
    return found == value.end() ? undefined() : *found;
  }
  if (value.is_array() && key.is_number_integer()) {
    const auto length = static_cast<int64_t>(value.size());
    const int64_t at = key.get<int64_t>() < 0 ? key.get<int64_t>() + length : key.get<int64_t>();
    return at < 0 || at >= length ? undefined() : value[static_cast<size_t>(at)];
  }
  return undefined();
}

Value slice_of(const Value& value, const Value& from, const Value& to, bool backwards) {
  if (!value.is_array()) throw TemplateError("a part of what is no list");
  const auto length = static_cast<int64_t>(value.size());
  const auto bound = [&](const Value& told, int64_t otherwise) {
    const int64_t at = told.is_number_integer() ? told.get<int64_t>() : otherwise;
    return std::clamp<int64_t>(at < 0 ? at + length : at, 0, length);
  };
  Value part = Value::array();
  if (backwards)
    for (int64_t i = length; i-- > 0;) part.push_back(value[static_cast<size_t>(i)]);
  else
    for (int64_t i = bound(from, 0); i < bound(to, length); ++i) part.push_back(value[static_cast<size_t>(i)]);
  return part;
}

// [key], [from:to] or [::-1], behind the opening bracket.
Expression read_subscript(WordReader& words, Expression value) {
  const Expression nothing = [](const Scope&) { return Value(); };
  const Expression from = words.next_is(":") ? nothing : read_expression(words);
  if (words.take("]")) return [value, from](const Scope& s) { return item_of(value(s), from(s)); };
  words.want(":");
  bool backwards = false;
  Expression to = nothing;
  if (!words.next_is("]") && !words.next_is(":")) to = read_expression(words);
  if (words.take(":")) {
    words.want("-");
    if (!words.take("1", WordKind::number)) throw TemplateError("a step of a list that is not -1");
    backwards = true;
  }
  words.want("]");
  return [=](const Scope& s) { return slice_of(value(s), from(s), to(s), backwards); };
}

Expression call_function(const std::string& name, Arguments arguments) {
  if (name == "raise_exception")
    return [arguments](const Scope& s) -> Value {
      const std::vector<Value> values = arguments.of(s);
      throw TemplateError(values.empty() ? "it refuses" : text_of_value(values[0]));
    };
  if (name == "namespace")
    return [arguments](const Scope& s) {
      Value object = Value::object();
      for (const auto& [key, value] : arguments.named) object[key] = value(s);
      return object;
    };
  if (name == "range")
    return [arguments](const Scope& s) {
      const std::vector<Value> bounds = arguments.of(s);
      Value list = Value::array();
      const int64_t first = bounds.size() > 1 ? bounds[0].get<int64_t>() : 0;
      for (int64_t i = first; i < bounds.at(bounds.size() > 1 ? 1 : 0).get<int64_t>(); ++i) list.push_back(i);
      return list;
    };
  return [name](const Scope&) -> Value { throw TemplateError(fmt::format("the function {}", name)); };
}

Expression read_list(WordReader& words) {
  std::vector<Expression> items;
  while (!words.take("]")) {
    items.push_back(read_expression(words));
    if (!words.next_is("]")) words.want(",");
  }
  return [items](const Scope& s) {
    Value list = Value::array();
    for (const Expression& item : items) list.push_back(item(s));
    return list;
  };
}

Expression read_primary(WordReader& words) {
  if (words.take("(")) {
    Expression inner = read_expression(words);
    words.want(")");
    return inner;
  }
  if (words.take("[")) return read_list(words);
  const Word& word = words.take();
  if (word.kind == WordKind::text) {
    std::string text = word.text;
    while (!words.ends()) {  // texts beside each other are one
      WordReader ahead = words;
      const Word& next = ahead.take();
      if (next.kind != WordKind::text) break;
      text += next.text;
      words = ahead;
    }
    return [text](const Scope&) { return Value(text); };
  }
  if (word.kind == WordKind::number) return [n = std::stoll(word.text)](const Scope&) { return Value(n); };
  if (word.kind != WordKind::name) throw TemplateError(fmt::format("the sign {} where a value is wanted", word.text));
  if (word.text == "true" || word.text == "True") return [](const Scope&) { return Value(true); };
  if (word.text == "false" || word.text == "False") return [](const Scope&) { return Value(false); };
  if (word.text == "none" || word.text == "None") return [](const Scope&) { return Value(); };
  const std::string name = word.text;
  if (words.take("(")) return call_function(name, read_arguments(words));
  return [name](const Scope& s) { return s.of(name); };
}

Expression read_postfix(WordReader& words) {
  Expression value = read_primary(words);
  while (true) {
    if (words.take(".")) {
      const std::string name = words.want_name();
      if (words.take("("))
        value = [value, name, a = read_arguments(words)](const Scope& s) {
          return call_method(value(s), name, a.of(s));
        };
      else
        value = [value, name](const Scope& s) { return item_of(value(s), name); };
    } else if (words.take("[")) {
      value = read_subscript(words, value);
    } else if (words.take("|")) {
      const std::string name = words.want_name();
      const Arguments arguments = words.take("(") ? read_arguments(words) : Arguments{};
      value = [value, name, arguments](const Scope& s) { return apply_filter(value(s), name, arguments.of(s)); };
    } else {
      return value;
    }
  }
}

int64_t whole_number(const Value& value) {
  if (!value.is_number_integer()) throw TemplateError("a sum of what is no number");
  return value.get<int64_t>();
}

Value added(const Value& a, const Value& b) {
  if (a.is_string() && b.is_string()) return a.get<std::string>() + b.get<std::string>();
  if (a.is_number() && b.is_number()) return whole_number(a) + whole_number(b);
  if (!a.is_array() || !b.is_array()) throw TemplateError("a sum of a text and something else");
  Value list = a;
  for (const Value& item : b) list.push_back(item);
  return list;
}

Value computed(const std::string& sign, const Value& a, const Value& b) {
  if (sign == "+") return added(a, b);
  if (sign == "~") return text_of_value(a) + text_of_value(b);
  const int64_t x = whole_number(a), y = whole_number(b);
  if (sign == "-") return x - y;
  if (sign == "*") return x * y;
  if (y == 0) throw TemplateError("a division by zero");
  return sign == "%" ? x % y : x / y;
}

Expression read_product(WordReader& words) {
  const auto operand = [&]() -> Expression {
    if (!words.take("-")) return read_postfix(words);
    return [value = read_postfix(words)](const Scope& s) { return Value(-whole_number(value(s))); };
  };
  Expression left = operand();
  while (words.next_is("*") || words.next_is("%") || words.next_is("//")) {
    const std::string sign = words.take().text;
    left = [sign, left, right = operand()](const Scope& s) { return computed(sign, left(s), right(s)); };
  }
  return left;
}

Expression read_joined(WordReader& words) {
  Expression left = read_product(words);
  while (words.take("~"))
    left = [left, right = read_product(words)](const Scope& s) { return computed("~", left(s), right(s)); };
  return left;
}

Expression read_sum(WordReader& words) {
  Expression left = read_joined(words);
  while (words.next_is("+") || words.next_is("-")) {
    const std::string sign = words.take().text;
    left = [sign, left, right = read_joined(words)](const Scope& s) { return computed(sign, left(s), right(s)); };
  }
  return left;
}

bool contains(const Value& inside, const Value& value) {
  if (inside.is_string()) return inside.get<std::string>().find(text_of_value(value)) != std::string::npos;
  if (inside.is_object()) return value.is_string() && inside.contains(value.get<std::string>());
  for (const Value& item : inside)
    if (item == value) return true;
  return false;
}

bool compared(const std::string& sign, const Value& a, const Value& b) {
  const bool missing = a.is_discarded() || b.is_discarded();  // equal to nothing but another such
  if (sign == "==") return missing ? a.is_discarded() == b.is_discarded() : a == b;
  if (sign == "!=") return missing ? a.is_discarded() != b.is_discarded() : a != b;
  return sign == "<" ? a < b : sign == ">" ? b < a : sign == "<=" ? a <= b : b <= a;
}

Expression read_comparison(WordReader& words) {
  Expression left = read_sum(words);
  for (const char* sign : {"==", "!=", "<=", ">=", "<", ">"})
    if (words.take(sign))
      return [sign = std::string(sign), left, right = read_sum(words)](const Scope& s) {
        return Value(compared(sign, left(s), right(s)));
      };
  if (words.take_name("is")) {
    const bool negated = words.take_name("not");
    const std::string test = words.want_name();
    return [left, negated, test](const Scope& s) { return Value(passes_test(left(s), test) != negated); };
  }
  const bool negated = words.take_name("not");
  if (words.take_name("in"))
    return [left, negated, right = read_sum(words)](const Scope& s) {
      return Value(contains(right(s), left(s)) != negated);
    };
  if (negated) throw TemplateError("not, where in is wanted behind it");
  return left;
}

Expression read_not(WordReader& words) {
  if (!words.take_name("not")) return read_comparison(words);
  return [value = read_not(words)](const Scope& s) { return Value(!is_true(value(s))); };
}

Expression read_and(WordReader& words) {
  Expression left = read_not(words);
  while (words.take_name("and"))
    left = [left, right = read_not(words)](const Scope& s) {
      const Value value = left(s);
      return is_true(value) ? right(s) : value;
    };
  return left;
}

Expression read_or(WordReader& words) {
  Expression left = read_and(words);
  while (words.take_name("or"))
    left = [left, right = read_and(words)](const Scope& s) {
      const Value value = left(s);
      return is_true(value) ? value : right(s);
    };
  return left;
}

}  // namespace

const Word& WordReader::take() {
  if (ends()) throw TemplateError("a tag that ends too early");
  return words_[at_++];
}
void WordReader::want(std::string_view text) {
  if (take(text)) return;
  throw TemplateError(fmt::format("{} where {} is wanted", ends() ? "a tag's end" : words_[at_].text, text));
}
std::string WordReader::want_name() {
  const Word& word = take();
  if (word.kind != WordKind::name) throw TemplateError(fmt::format("{} where a name is wanted", word.text));
  return word.text;
}

Expression read_expression(WordReader& words) {
  Expression value = read_or(words);
  if (!words.take_name("if")) return value;
  const Expression condition = read_or(words);
  const Expression otherwise =
      words.take_name("else") ? read_expression(words) : Expression([](const Scope&) { return undefined(); });
  return [=](const Scope& s) { return is_true(condition(s)) ? value(s) : otherwise(s); };
}

}  // namespace convoy::chat
