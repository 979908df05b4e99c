#include "launcher/config/write_config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "launcher/config/allowed_values.h"
#include "launcher/config/config_keys.h"
#include "launcher/config/scalar_text.h"

namespace convoy {
namespace {

constexpr size_t kCommentColumn = 32;

// "[steps, 0 to 1000] ", what a reader should know of the value before its meaning.
std::string in_brackets(std::string_view unit, const std::string& allowed) {
  if (unit.empty() && allowed.empty()) return "";
  return fmt::format("[{}{}{}] ", unit, unit.empty() || allowed.empty() ? "" : ", ", allowed);
}

bool is_empty(const Field& field) {
  if (const auto* text = std::get_if<std::string*>(&field)) return (*text)->empty();
  if (const auto* texts = std::get_if<std::vector<std::string>*>(&field)) return (*texts)->empty();
  if (const auto* numbers = std::get_if<std::vector<int64_t>*>(&field)) return (*numbers)->empty();
  return false;
}

class Writer final : public Keys {
 public:
  Writer(bool with_comments, std::string indent) : with_comments_(with_comments), indent_(std::move(indent)) {}

  std::string page;

 protected:
  void value(const Key& key, const Field& field) override {
    if (!with_comments_ && key.sparse && is_empty(field)) return;
    line(key, scalar_text(field, key), allowed_text(key.allowed));
  }
  void group(std::string_view name, const std::function<void(Keys&)>& describe) override {
    page += fmt::format("{}{}:\n", take_indent(), name);
    below("  ", [&](Writer& writer) { describe(writer); });
  }
  void groups(const Key& key, const ListField& list) override {
    list_line(key, list.size());
    for (size_t i = 0; i < list.size(); ++i) item([&](Writer& writer) { list.describe(i, writer); });
    if (!with_comments_ || list.size() > 0) return;
    comment("an item has these keys:");
    commented([&](Writer& writer) { list.describe_example(writer); });
  }
  void choose(const Key& key, AnyChoice& choice) override {
    line(key, scalar_text(std::string(choice.name())), fmt::format("{}", fmt::join(kind_names(choice), ", ")));
    choice.describe(*this);
    if (!with_comments_) return;
    const std::unique_ptr<AnyChoice> other = choice.copy();
    for (const AnyChoice::KindText& kind : choice.kinds()) {
      if (kind.name == choice.name()) continue;
      other->choose(kind.name);
      comment(fmt::format("{}: {}    {}", key.name, kind.name, kind.meaning));
      commented([&](Writer& writer) { other->describe(writer); });
    }
  }
  void choices(const Key& key, const ChoiceListField& list) override {
    list_line(key, list.size());
    for (size_t i = 0; i < list.size(); ++i) item([&](Writer& writer) { writer.kind_item(list.item(i)); });
    if (!with_comments_ || list.size() > 0) return;
    if (list.as_around) return comment("of the same layers as the list around it");
    const std::unique_ptr<AnyChoice> example = list.example();
    for (const AnyChoice::KindText& kind : example->kinds()) {
      example->choose(kind.name);
      comment(fmt::format("- {}    {}", kind.name, kind.meaning));
      commented([&](Writer& writer) { example->describe(writer); });
    }
  }

 private:
  // `relu`, or `linear:` with its keys below.
  void kind_item(AnyChoice& kind) {
    if (stands_beside(kind)) return kind.describe(*this);
    Writer keys(with_comments_, indent_ + "  ");
    keys.first_indent_ = keys.indent_;
    kind.describe(keys);
    page += take_indent() + std::string(kind.name()) + (keys.page.empty() ? "\n" : ":\n") + keys.page;
  }

  void line(const Key& key, const std::string& text, const std::string& allowed) {
    std::string written = fmt::format("{}{}: {}", take_indent(), key.name, text);
    if (with_comments_) {
      written += fmt::format("{:{}}  # ", "", written.size() < kCommentColumn ? kCommentColumn - written.size() : 0);
      written += in_brackets(key.unit, allowed) + std::string(key.meaning);
    }
    page += written + "\n";
  }
  void list_line(const Key& key, size_t size) {
    if (size == 0)
      line(key, "[]", "");
    else
      page += fmt::format("{}{}:\n", take_indent(), key.name);
  }
  void comment(const std::string& text) { page += fmt::format("{}# {}\n", indent_, text); }

  template <class Write>
  void below(const std::string& more, Write write) {
    Writer writer(with_comments_, indent_ + more);
    writer.first_indent_ = writer.indent_;
    write(writer);
    page += writer.page;
  }
  template <class Write>
  void item(Write write) {
    Writer writer(with_comments_, indent_ + "    ");
    writer.first_indent_ = indent_ + "  - ";
    write(writer);
    page += writer.page;
  }
  template <class Write>
  void commented(Write write) {
    Writer writer(true, indent_ + "#   ");
    writer.first_indent_ = writer.indent_;
    write(writer);
    page += writer.page;
  }
  // The first key of an item stands behind its dash.
  std::string take_indent() {
    if (!first_indent_) return indent_;
    std::string indent = std::move(*first_indent_);
    first_indent_.reset();
    return indent;
  }

  const bool with_comments_;
  const std::string indent_;
  std::optional<std::string> first_indent_;
};

std::string write(Config config, bool with_comments) {
  Writer writer(with_comments, "");
  describe(static_cast<Keys&>(writer), config);
  return std::move(writer.page);
}

}  // namespace

std::vector<ConfigDifference> config_differences(const Config& before, const Config& after) {
  std::vector<ConfigDifference> differences;
  std::map<std::string, size_t> number;
  for (const ConfigKey& key : keys_of(before)) {
    number[key.name] = differences.size();
    differences.push_back({key.name, key.value, "", key.effect});
  }
  for (const ConfigKey& key : keys_of(after)) {
    if (const auto known = number.find(key.name); known != number.end())
      differences[known->second].after = key.value;
    else
      differences.push_back({key.name, "", key.value, key.effect});
  }
  std::erase_if(differences, [](const ConfigDifference& d) { return d.before == d.after; });
  return differences;
}

std::optional<std::string> config_value(const Config& config, std::string_view name) {
  for (const ConfigKey& key : keys_of(config))
    if (key.name == name) return key.raw;
  return std::nullopt;
}

std::string to_yaml(const Config& config) { return write(config, false); }
std::string config_page(const Config& config) { return write(config, true); }

}  // namespace convoy
