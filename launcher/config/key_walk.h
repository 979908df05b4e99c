// Goes through all keys of a config, groups, lists and kinds included, and hands out each one with its whole name.
#pragma once

#include <string>
#include <utility>

#include "core/config/config.h"

namespace convoy {

class KeyWalk : public Keys {
 protected:
  // name: dotted, items of lists by their numbers: "model.layers", "optimizer.groups.0.match".
  virtual void leaf(const std::string& name, const Key& key, const Field& field) = 0;
  virtual void kind_name(const std::string& name, const Key& key, AnyChoice& choice) = 0;
  const std::string& path() const { return path_; }  // "optimizer.groups.0."

  void value(const Key& key, const Field& field) final { leaf(path_ + std::string(key.name), with_effect(key), field); }
  void group(std::string_view name, const std::function<void(Keys&)>& describe) override {
    below(std::string(name), [&] { describe(*this); });
  }
  void groups(const Key& key, const ListField& list) override {
    const Effect outer = std::exchange(list_effect_, with_effect(key).effect);
    for (size_t i = 0; i < list.size(); ++i)
      below(std::string(key.name) + "." + std::to_string(i), [&] { list.describe(i, *this); });
    list_effect_ = outer;
  }
  void choose(const Key& key, AnyChoice& choice) override {
    kind_name(path_ + std::string(key.name), with_effect(key), choice);
    choice.describe(*this);
  }
  void choices(const Key& key, const ChoiceListField& list) override {
    const Effect outer = std::exchange(list_effect_, with_effect(key).effect);
    for (size_t i = 0; i < list.size(); ++i) {
      AnyChoice& item = list.item(i);
      below(std::string(key.name) + "." + std::to_string(i), [&] {
        kind_name(path_.substr(0, path_.size() - 1), with_effect(key), item);
        if (stands_beside(item))
          item.describe(*this);
        else
          below(std::string(item.name()), [&] { item.describe(*this); });
      });
    }
    list_effect_ = outer;
  }

  template <class Visit>
  void below(const std::string& name, Visit visit) {
    const std::string outer = path_;
    path_ += name + ".";
    visit();
    path_ = outer;
  }

 private:
  // What a list binds, or leaves alone, its items' keys do.
  Key with_effect(const Key& key) const {
    Key changed = key;
    if (list_effect_ != Effect::computes) changed.effect = list_effect_;
    return changed;
  }

  std::string path_;
  Effect list_effect_ = Effect::computes;
};

}  // namespace convoy
