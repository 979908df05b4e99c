#include "datasets/chat/chat_template.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace convoy::chat {
namespace {

using Statement = ChatTemplate::Statement;
using Block = std::vector<Statement>;

void run(const Block& block, Scope& scope, std::string& out) {
  for (const Statement& statement : block) statement(scope, out);
}

class TemplateReader {
 public:
  explicit TemplateReader(const std::vector<TemplatePart>& parts) : parts_(parts) {}

  Block read_all() {
    Block block = read_block({});
    if (at_ < parts_.size()) throw TemplateError(fmt::format("{} without a begin", first_word()));
    return block;
  }

 private:
  std::string first_word() const { return parts_[at_].words.empty() ? "an empty tag" : parts_[at_].words[0].text; }
  bool at_statement(const std::vector<std::string_view>& names) const {
    return at_ < parts_.size() && parts_[at_].kind == PartKind::statement &&
           std::ranges::find(names, first_word()) != names.end();
  }
  // Up to a statement of one of these names.
  Block read_block(const std::vector<std::string_view>& ends) {
    Block block;
    while (at_ < parts_.size() && !at_statement(ends) && !at_statement({"else", "elif", "endif", "endfor"}))
      block.push_back(read_part());
    if (!ends.empty() && !at_statement(ends)) throw TemplateError(fmt::format("{} is missing", ends.back()));
    return block;
  }

  Statement read_part() {
    const TemplatePart& part = parts_[at_++];
    if (part.kind == PartKind::text) return [text = part.text](Scope&, std::string& out) { out += text; };
    WordReader words(part.words);
    if (part.kind == PartKind::output) {
      const Expression value = whole_expression(words);
      return [value](Scope& scope, std::string& out) { out += text_of_value(value(scope)); };
    }
    const std::string name = words.want_name();
    if (name == "if") return read_if(words);
    if (name == "for") return read_for(words);
    if (name == "set") return read_set(words);
    throw TemplateError(fmt::format("the statement {}", name));
  }

  static Expression whole_expression(WordReader& words) {
    Expression value = read_expression(words);
    if (!words.ends()) throw TemplateError(fmt::format("{} behind an expression", words.take().text));
    return value;
  }

  Statement read_if(WordReader& words) {
    std::vector<std::pair<Expression, Block>> cases;
    Expression condition = whole_expression(words);
    while (true) {
      Block block = read_block({"elif", "else", "endif"});
      cases.emplace_back(std::move(condition), std::move(block));
      WordReader next(parts_[at_++].words);
      const std::string name = next.want_name();
      if (name == "endif") break;
      condition = name == "elif" ? whole_expression(next) : Expression([](const Scope&) { return Value(true); });
    }
    return [cases](Scope& scope, std::string& out) {
      for (const auto& [is_so, block] : cases)
        if (is_true(is_so(scope))) return run(block, scope, out);
    };
  }

  Statement read_for(WordReader& words) {
    const std::string name = words.want_name();
    if (!words.take_name("in")) throw TemplateError("a loop over several names");
    const Expression list = whole_expression(words);
    const Block block = read_block({"endfor"});
    ++at_;
    return [=](Scope& scope, std::string& out) {
      const Value items = list(scope);
      if (!items.is_array()) throw TemplateError("a loop over what is no list");
      for (size_t i = 0; i < items.size(); ++i) {
        Scope inner = scope;  // what is set inside does not outlive the turn
        inner.names[name] = items[i];
        inner.names["loop"] = {{"index0", i},
                               {"index", i + 1},
                               {"first", i == 0},
                               {"last", i + 1 == items.size()},
                               {"length", items.size()},
                               {"previtem", i > 0 ? items[i - 1] : Value()},
                               {"nextitem", i + 1 < items.size() ? items[i + 1] : Value()}};
        run(block, inner, out);
        for (const std::string& kept : scope.namespaces) scope.names[kept] = inner.names[kept];
      }
    };
  }

  Statement read_set(WordReader& words) {
    const std::string name = words.want_name();
    const std::string field = words.take(".") ? words.want_name() : std::string();
    words.want("=");
    const bool is_namespace = words.next_is("namespace", WordKind::name);
    const Expression value = whole_expression(words);
    return [=](Scope& scope, std::string&) {
      if (is_namespace) scope.namespaces.insert(name);
      if (field.empty()) {
        scope.names[name] = value(scope);
        return;
      }
      if (!scope.namespaces.contains(name)) throw TemplateError(fmt::format("{} is no namespace", name));
      scope.names[name][field] = value(scope);
    };
  }

  const std::vector<TemplatePart>& parts_;
  size_t at_ = 0;
};

}  // namespace

ChatTemplate::ChatTemplate(std::string_view text) {
  const std::vector<TemplatePart> parts = template_parts(text);
  statements_ = TemplateReader(parts).read_all();
}

std::string ChatTemplate::write(const nlohmann::json& names) const try {
  Scope scope;
  for (const auto& [name, value] : names.items()) scope.names[name] = value;
  scope.names["strftime_now"] = true;  // there is one, and what it would write is of the day: calling it is an error
  std::string out;
  run(statements_, scope, out);
  return out;
} catch (const nlohmann::json::exception& error) {
  throw TemplateError(fmt::format("a value of another kind ({})", error.what()));
}

}  // namespace convoy::chat
