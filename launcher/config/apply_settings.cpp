#include "launcher/config/apply_settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "launcher/config/allowed_values.h"
#include "launcher/config/parse_value.h"
#include "launcher/config/unknown_keys.h"
#include "launcher/config/yaml_settings.h"

namespace convoy {
namespace {

using Form = Setting::Form;

class Apply final : public Keys {
 public:
  Apply(const Setting& root, Origins& origins, std::vector<Mistake>& mistakes)
      : map_(&root), origins_(origins), mistakes_(mistakes) {}

  // What keys have asked for, and lists that stand in one line of text, each with its name.
  const std::set<const Setting*>& used() const { return used_; }
  const std::vector<std::pair<std::string, std::unique_ptr<Setting>>>& flows() const { return flows_; }

 protected:
  void value(const Key& key, const Field& field) override {
    if (const Setting* setting = take(key.name)) assign(path_ + std::string(key.name), *setting, key, field);
  }

  void named_values(const Key& key, std::string& field, const std::function<void(const std::string&)>& apply) override {
    const Setting* setting = take(key.name);
    if (setting == nullptr) return;
    assign(path_ + std::string(key.name), *setting, key, &field);
    apply(field);
  }

  void group(std::string_view key, const std::function<void(Keys&)>& describe) override {
    const Setting* setting = take(key);
    if (setting == nullptr || setting->form == Form::nothing) return;
    const std::string name = path_ + std::string(key);
    if (is_map(name, *setting)) below(name, *setting, [&] { describe(*this); });
  }

  void groups(const Key& key, const ListField& list) override {
    each_item(key, list, [&](size_t i, const std::string& name, const Setting& item) {
      if (is_map(name, item)) below(name, item, [&] { list.describe(i, *this); });
    });
  }

  void choices(const Key& key, const ChoiceListField& list) override {
    each_item(key, list,
              [&](size_t i, const std::string& name, const Setting& item) { choose_item(name, item, list.item(i)); });
  }

  void choose(const Key& key, AnyChoice& choice) override {
    const std::string name = path_ + std::string(key.name);
    if (const Setting* setting = take(key.name); setting != nullptr) choose_kind(name, *setting, choice);
    choice.describe(*this);
    for (const auto& [other, setting] : map_->entries)
      if (!used_.contains(&setting)) advise_other_kind(name, other, setting, choice);
  }

 private:
  const Setting* take(std::string_view key) {
    const Setting* setting = map_->find(key);
    if (setting != nullptr) used_.insert(setting);
    return setting;
  }

  template <class Visit>
  void below(const std::string& name, const Setting& map, Visit visit) {
    const Setting* outer_map = std::exchange(map_, &map);
    const std::string outer_path = std::exchange(path_, name + ".");
    visit();
    map_ = outer_map, path_ = outer_path;
  }

  void mistake(const std::string& name, const Place& place, std::string message) {
    origins_.unread.insert(name);
    mistakes_.push_back({place, std::move(message)});
  }

  // --- one value

  void assign(const std::string& name, const Setting& setting, const Key& key, const Field& field) {
    origins_.places[name] = setting.place;
    origins_.unread.erase(name);
    std::visit([&](const auto& f) { assign_to(name, setting, key, f); }, field);
  }

  template <class T>
  void assign_to(const std::string& name, const Setting& setting, const Key& key, const T& field) {
    if (!is_value(name, setting)) return;
    std::optional<std::string> problem;
    if (setting.quoted && !std::is_same_v<T, std::string*>)
      problem = "is text in quotes; write it without quotes";
    else
      problem = parse(setting.text, key, field);
    if (problem) mistake(name, setting.place, fmt::format("{} = {} {}", name, shortened(setting.text), *problem));
  }

  template <class Item>
  void assign_to(const std::string& name, const Setting& setting, const Key& key, std::vector<Item>* const& field) {
    const std::optional<Setting> flow = setting.quoted ? std::nullopt : flow_of(setting);
    const Setting& list = flow ? *flow : setting;
    if (list.form == Form::list) {
      field->assign(list.items.size(), Item());
      for (size_t i = 0; i < list.items.size(); ++i) assign_to(item_name(name, i), list.items[i], key, &(*field)[i]);
    } else if (list.form == Form::text) {
      field->assign(1, Item());
      assign_to(name, list, key, &field->front());
    } else if (list.form == Form::nothing) {
      mistake(name, setting.key_place, fmt::format("{} has no value; write [] for none", name));
    }
    for (const auto& [number, item] : setting.entries) {
      used_.insert(&item);
      if (const auto i = index(name, number, item, field->size()))
        assign_to(item_name(name, *i), item, key, &(*field)[*i]);
    }
  }

  template <class Number>
  void assign_to(const std::string& name, const Setting& setting, const Key& key, WordOr<Number>* const& field) {
    const std::vector<std::string> words(key.allowed.names.begin(), key.allowed.names.end());
    const bool is_text = setting.form == Form::text && setting.entries.empty() && !flow_of(setting);
    if (is_text && std::ranges::count(words, setting.text) > 0) {
      *field = {setting.text, {}};
      return;
    }
    if (Number number = 0; is_text && !setting.text.empty() && parse_value(setting.text, number)) {
      mistake(name, setting.place,
              fmt::format("{} = {} {}, or {}numbers", name, shortened(setting.text), *parse_name(setting.text, words),
                          std::is_same_v<Number, int64_t> ? "whole " : ""));
      return;
    }
    field->word.clear();
    assign_to(name, setting, key, &field->numbers);
  }

  static std::optional<std::string> parse(const std::string& text, const Key&, const EnumField& field) {
    for (size_t i = 0; i < field.names.size(); ++i)
      if (field.names[i] == text) {
        field.set(i);
        return std::nullopt;
      }
    return parse_name(text, {field.names.begin(), field.names.end()});
  }
  static std::optional<std::string> parse(const std::string& text, const Key& key, Auto* field) {
    return parse_automatic(text, key.allowed.word, *field);
  }
  static std::optional<std::string> parse(const std::string& text, const Key& key, AutoReal* field) {
    return parse_automatic(text, key.allowed.word, *field);
  }
  template <class T>
  static std::optional<std::string> parse(const std::string& text, const Key&, T* field) {
    return parse_value(text, *field);
  }

  // --- what has another form than its key

  bool is_value(const std::string& name, const Setting& setting) {
    if (setting.form == Form::text && setting.entries.empty()) return true;
    if (setting.form == Form::nothing)
      mistake(name, setting.key_place,
              fmt::format("{} has no value; write one behind the colon, or remove the line to get the default", name));
    else
      mistake(
          name, setting.key_place,
          fmt::format("{} is a {}; one value is wanted", name, setting.form == Form::list ? "list" : "group of keys"));
    return false;
  }

  bool is_map(const std::string& name, const Setting& setting) {
    if (setting.form == Form::map) return true;
    if (setting.form == Form::text && setting.place.line == 0)
      mistake(name, setting.key_place,
              fmt::format("{} is a group of keys; set one of them, as in {}.KEY=VALUE", name, name));
    else if (setting.form == Form::text)
      mistake(name, setting.key_place,
              fmt::format("{} = {} is one value where a group of keys is wanted; write {}: and its keys indented below "
                          "it",
                          name, shortened(setting.text), name.substr(name.find_last_of('.') + 1)));
    else
      mistake(
          name, setting.key_place,
          fmt::format("{} is {}; a group of keys is wanted", name, setting.form == Form::list ? "a list" : "empty"));
    return false;
  }

  // --- lists

  static std::string item_name(const std::string& list, size_t i) { return fmt::format("{}.{}", list, i); }

  static std::optional<Setting> flow_of(const Setting& setting) {
    return setting.form == Form::text ? flow_setting(setting.text, setting.place) : std::nullopt;
  }

  // A list replaces what was there; items given by number change theirs.
  template <class List, class Visit>
  void each_item(const Key& key, const List& list, Visit visit) {
    const Setting* setting = take(key.name);
    if (setting == nullptr) return;
    const std::string name = path_ + std::string(key.name);
    origins_.places[name] = setting->place;
    const Setting* whole = setting;
    if (std::optional<Setting> flow = flow_of(*setting)) {
      flows_.emplace_back(name, std::make_unique<Setting>(std::move(*flow)));
      whole = flows_.back().second.get();
    }
    if (whole->form == Form::list) {
      list.resize(0);
      list.resize(whole->items.size());
      for (size_t i = 0; i < whole->items.size(); ++i) visit(i, item_name(name, i), whole->items[i]);
    } else if (whole->form != Form::map) {
      mistake(name, setting->key_place, not_a_list(name, *setting));
      return;
    }
    for (const auto& [number, item] : setting->entries) {
      used_.insert(&item);
      if (const auto i = index(name, number, item, list.size())) visit(*i, item_name(name, *i), item);
    }
  }

  static std::string not_a_list(const std::string& name, const Setting& setting) {
    if (setting.form == Form::nothing) return fmt::format("{} has no value; write [] for none", name);
    return fmt::format("{} = {} is one value where a list is wanted; write its items in lines that begin with a dash",
                       name, shortened(setting.text));
  }

  std::optional<size_t> index(const std::string& list, const std::string& number, const Setting& item, size_t size) {
    int64_t i = -1;
    const bool is_number = !parse_value(number, i);
    if (is_number && i >= 0 && i < static_cast<int64_t>(size)) return static_cast<size_t>(i);
    mistake(list, item.key_place,
            fmt::format("{}.{}: {} is a list, {}; name an item by its number or write the whole list", list,
                        shortened(number), list,
                        size == 0   ? "which is empty"
                        : size == 1 ? "whose one item is 0"
                                    : fmt::format("whose items are 0 to {}", size - 1)));
    return std::nullopt;
  }

  // --- kinds

  bool choose_named(const std::string& name, const std::string& kind, const Place& place, AnyChoice& choice) {
    const std::vector<std::string_view> kinds = kind_names(choice);
    const std::vector<std::string> names(kinds.begin(), kinds.end());
    if (std::ranges::count(names, kind) > 0) {
      choice.choose(kind);
      return true;
    }
    mistake(name, place, fmt::format("{} = {} {}", name, shortened(kind), *parse_name(kind, names)));
    return false;
  }

  void choose_kind(const std::string& name, const Setting& setting, AnyChoice& choice) {
    origins_.places[name] = setting.place;
    origins_.unread.erase(name);
    const std::unique_ptr<AnyChoice> before = choice.copy();
    // The keys of a kind that nobody knows are not told to be unknown.
    if (!is_value(name, setting) || !choose_named(name, setting.text, setting.place, choice))
      for (const auto& [other, entry] : map_->entries) used_.insert(&entry);
    else if (choice.name() != before->name())
      carry_over(*before, choice);
  }

  // What an earlier layer gave to another kind holds for a key of the same name, if it can.
  void carry_over(AnyChoice& from, AnyChoice& to) {
    Setting given{.form = Form::map};
    for (const ConfigKey& key : keys_of([&](Keys& keys) { from.describe(keys); }))
      if (const auto place = origins_.places.find(path_ + key.name);
          place != origins_.places.end() && key.name.find('.') == std::string::npos)
        given.entries.emplace_back(
            key.name, Setting{.form = Form::text, .text = key.raw, .key_place = place->second, .place = place->second});
    const Setting* outer = std::exchange(map_, &given);
    to.describe(*this);
    map_ = outer;
  }

  // `relu`, or one name and its keys: `linear: {units: 1}`, or a kind's keys beside each other.
  void choose_item(const std::string& name, const Setting& item, AnyChoice& choice) {
    origins_.places[name] = item.place;
    origins_.unread.erase(name);
    if (item.form == Form::text) {
      choose_named(name, item.text, item.place, choice);
      return;
    }
    if (const auto kind = kind_beside(item, choice)) {
      choice.choose(*kind);
      below(name, item, [&] { choice.describe(*this); });
      return;
    }
    if (item.form != Form::map || item.entries.size() != 1) {
      mistake(name, item.key_place, wrong_item(name, item, choice));
      for (const auto& [key, entry] : item.entries) used_.insert(&entry);
      return;
    }
    const auto& [kind, keys] = item.entries.front();
    used_.insert(&keys);
    if (!choose_named(name, kind, keys.key_place, choice)) return;
    const std::string inner = name + "." + kind;
    if (keys.form == Form::nothing) return;
    if (is_map(inner, keys)) below(inner, keys, [&] { choice.describe(*this); });
  }

  // The kind whose keys stand in the item itself: told by its first one, or the item's already.
  static std::optional<std::string> kind_beside(const Setting& item, const AnyChoice& choice) {
    if (item.form != Form::map) return std::nullopt;
    std::optional<std::string> beside;
    for (const AnyChoice::KindText& kind : choice.kinds()) {
      const bool named = item.find(kind.name) != nullptr;
      if (named && !kind.beside) return std::nullopt;
      if (named || (kind.beside && !beside && kind.name == choice.name())) beside = kind.name;
    }
    return beside;
  }

  static std::string wrong_item(const std::string& name, const Setting& item, const AnyChoice& choice) {
    std::vector<std::string> keys;
    for (const auto& [key, entry] : item.entries) keys.push_back(shortened(key));
    std::string example(choice.kinds().front().name);
    for (const AnyChoice::KindText& kind : choice.kinds())
      if (!kind.beside && item.find(kind.name) != nullptr) example = kind.name;
    const char* wanted = "one name is wanted, alone or with its keys below it";
    if (item.form == Form::map && keys.size() > 1)
      return fmt::format("{} has the names {}; {}, as in `- {}: {{...}}`", name, fmt::join(keys, ", "), wanted,
                         example);
    return fmt::format("{} is {}; {}, as in `- {}`", name, item.form == Form::list ? "a list in the list" : "empty",
                       wanted, example);
  }

  // A key that only other kinds have.
  void advise_other_kind(const std::string& name, const std::string& key, const Setting& setting, AnyChoice& choice) {
    const std::vector<std::string> having = kinds_with_key(choice, key);
    if (having.empty()) return;
    used_.insert(&setting);
    mistake(path_ + key, setting.place,
            fmt::format("{}{} is a key of {} {}, and {} = {}; remove it, or choose that {}", path_, key,
                        name.substr(name.find_last_of('.') + 1), fmt::join(having, ", "), name, choice.name(),
                        having.size() == 1 ? "one" : "kind"));
  }

  const Setting* map_;
  std::string path_;
  std::set<const Setting*> used_;
  std::vector<std::pair<std::string, std::unique_ptr<Setting>>> flows_;
  Origins& origins_;
  std::vector<Mistake>& mistakes_;
};

}  // namespace

void apply_settings(const Setting& settings, const DescribeKeys& config, Origins& origins,
                    std::vector<Mistake>& mistakes) {
  Apply apply(settings, origins, mistakes);
  config(apply);
  UnknownKeys unknown(config, apply.used(), origins.unread, mistakes);
  unknown.tell(settings, "");
  for (const auto& [name, list] : apply.flows()) unknown.tell(*list, name + ".");
}

}  // namespace convoy
