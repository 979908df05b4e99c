// How a part of a config tells its keys: each one's name, field, unit, meaning and what it allows, said once. From this
// one text come the loader, its errors, the page of `trainer config`, the resolved config.yaml and the JSON schema:
// each is a Keys.
//
// void describe(Keys& keys, Section& section) calls keys(...) for every key in the order of the page. It may be called
// many times, for many purposes, and only hands out its fields; what a Keys does with them is its own affair. Behind
// its keys it may say what of the values does not go together:
//   if (c.channels % c.heads != 0) keys.contradiction({"heads", "channels"}, [...] { return "..."; });
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "core/config/allowed.h"
#include "core/config/auto.h"
#include "core/config/enum_names.h"

namespace convoy {

class Keys;

// What another value of a key means to a run that goes on.
enum class Effect : uint8_t {
  computes,  // something else is computed from there on: the run says so
  binds,     // the saved state was made for the old value: refused
  none,      // nothing that is computed depends on it
};

struct KeyName {
  std::string_view text;
  Effect effect = Effect::computes;
  bool sparse = false;
  KeyName(const char* name, Effect e = Effect::computes) : text(name), effect(e) {}  // implicit: keys("lr", ...)
};
inline KeyName binding(const char* name) { return {name, Effect::binds}; }
inline KeyName incidental(const char* name) { return {name, Effect::none}; }
// A text or a list that most have none of: resolved configs leave it out where it is empty.
inline KeyName sparse(const char* name) {
  KeyName key(name);
  key.sparse = true;
  return key;
}

// What is known of a key besides its value.
struct Key {
  std::string_view name;  // within its group
  Effect effect = Effect::computes;
  std::string_view unit, meaning;
  Allowed allowed;
  bool sparse = false;
};

// An enum as its names.
struct EnumField {
  std::vector<std::string_view> names;
  std::function<size_t()> get;
  std::function<void(size_t)> set;
};

// The value of a key.
using Field = std::variant<bool*, int64_t*, double*, std::string*, Auto*, AutoReal*, EnumField,
                           std::vector<std::string>*, std::vector<int64_t>*, WordOrNumbers*, WordOrReals*>;

// A key whose value is a list of groups of keys.
struct ListField {
  std::function<size_t()> size;
  std::function<void(size_t)> resize;
  std::function<void(size_t, Keys&)> describe;  // an item's keys
  // An item that is never part of the list, with defaults: for pages and schemas.
  std::function<void(Keys&)> describe_example;
};

// A choice of one of several kinds, without its types: core/config/kind.h.
class AnyChoice {
 public:
  struct KindText {
    std::string_view name, meaning;
    // In a list, its keys stand in the item itself, the first called as the kind: {repeat: 2, layers: [...]}.
    bool beside = false;
  };
  virtual ~AnyChoice() = default;
  virtual std::vector<KindText> kinds() const = 0;
  virtual std::string_view name() const = 0;
  // Another kind, with its defaults; the same again changes nothing. `name` is one of kinds().
  virtual void choose(std::string_view name) = 0;
  virtual void describe(Keys& keys) = 0;  // the chosen kind's own
  virtual std::unique_ptr<AnyChoice> copy() const = 0;
};

// Whether the chosen kind's keys stand in a list's item itself.
inline bool stands_beside(const AnyChoice& choice) {
  for (const AnyChoice::KindText& kind : choice.kinds())
    if (kind.name == choice.name()) return kind.beside;
  return false;
}

// A list of such choices: items are written as a bare name, or as a map from the name to the kind's keys.
struct ChoiceListField {
  std::function<size_t()> size;
  std::function<void(size_t)> resize;
  std::function<AnyChoice&(size_t)> item;
  std::function<std::unique_ptr<AnyChoice>()> example;
  bool as_around = false;  // its items are as those of the list that it is in: pages and schemas do not go into it
};

template <class T>
inline constexpr bool says_what_is_allowed =
    std::is_same_v<T, int64_t> || std::is_same_v<T, double> || std::is_same_v<T, Auto> || std::is_same_v<T, AutoReal> ||
    std::is_same_v<T, std::vector<int64_t>> || std::is_same_v<T, WordOrNumbers> || std::is_same_v<T, WordOrReals>;

class Keys {
 public:
  virtual ~Keys() = default;

  template <class T>
  void operator()(KeyName name, T& field, std::string_view unit, std::string_view meaning) {
    static_assert(!says_what_is_allowed<T>, "a number says beside its meaning what is Allowed");
    (*this)(name, field, unit, meaning, Allowed::any());
  }
  template <class T>
  void operator()(KeyName name, T& field, std::string_view unit, std::string_view meaning, Allowed allowed) {
    const Key key{name.text, name.effect, unit, meaning, std::move(allowed), name.sparse};
    if constexpr (std::is_enum_v<T>)
      value(key, enum_field(field));
    else
      value(key, &field);
  }

  // Keys below a name of their own.
  template <class Section>
  void section(std::string_view name, Section& section) {
    group(name, [&section](Keys& keys) { describe(keys, section); });
  }

  // A list of such groups.
  template <class Item>
  void list(KeyName name, std::vector<Item>& items, std::string_view unit, std::string_view meaning) {
    groups({name.text, name.effect, unit, meaning, {}},
           {[&items] { return items.size(); }, [&items](size_t n) { items.resize(n); },
            [&items](size_t i, Keys& keys) { describe(keys, items[i]); },
            [](Keys& keys) {
              Item example{};
              describe(keys, example);
            }});
  }

  // Which of several kinds; the kind's own keys follow in the same group.
  void kind(KeyName name, AnyChoice& choice, std::string_view meaning) {
    choose({name.text, name.effect, "", meaning, {}}, choice);
  }

  // A list of kinds, each with its keys. example: what a new item is copied from. as_around: they are those of the list
  // that this one is in.
  enum class Items : bool { own, as_around };
  template <class Choice>
  void kinds(KeyName name, std::vector<Choice>& items, const Choice& example, std::string_view unit,
             std::string_view meaning, Items which = Items::own) {
    choices({name.text, name.effect, unit, meaning, {}},
            {[&items] { return items.size(); }, [&items, example](size_t n) { items.resize(n, example); },
             [&items](size_t i) -> AnyChoice& { return items[i]; }, [example] { return example.copy(); },
             which == Items::as_around});
  }

  // A name that, when it is given, sets keys described behind it: those given beside it win.
  void preset(KeyName name, std::string& field, std::string_view meaning, std::vector<std::string_view> names,
              const std::function<void(const std::string&)>& apply) {
    names.insert(names.begin(), "");
    named_values({name.text, name.effect, "", meaning, Allowed::one_of(std::move(names))}, field, apply);
  }

  // Values that do not go together, though each is allowed. keys: of this group, the one to change first; text: found,
  // wanted, remedy. Its `path` is what stands before a key of this group: "model.".
  virtual void contradiction(std::initializer_list<std::string_view> keys,
                             const std::function<std::string(const std::string& path)>& text) {
    static_cast<void>(keys), static_cast<void>(text);
  }

 protected:
  virtual void value(const Key& key, const Field& field) = 0;
  virtual void group(std::string_view name, const std::function<void(Keys&)>& describe) = 0;
  virtual void groups(const Key& key, const ListField& list) = 0;
  virtual void choose(const Key& key, AnyChoice& choice) = 0;
  virtual void choices(const Key& key, const ChoiceListField& list) = 0;
  virtual void named_values(const Key& key, std::string& field, const std::function<void(const std::string&)>& apply) {
    static_cast<void>(apply);
    value(key, &field);
  }

 private:
  template <class E>
  static EnumField enum_field(E& field) {
    EnumField result;
    std::vector<E> values;
    for (const auto& [name, candidate] : enum_names(E{})) {
      result.names.push_back(name);
      values.push_back(candidate);
    }
    result.get = [&field, values] {
      size_t i = 0;
      while (i + 1 < values.size() && values[i] != field) ++i;
      return i;
    };
    result.set = [&field, values](size_t i) { field = values[i]; };
    return result;
  }
};

}  // namespace convoy
