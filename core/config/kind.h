// An open set: things of one interface (optimizers, schedules, families, losses, metrics, layers) that a config names,
// each with keys of its own. One table per set, read by eye:
//
//   // core/optimizer/kinds.cpp
//   constexpr Kind<Optimizer, OptimizerNeeds> kOptimizers[] = {
//       {"adamw", "Adam with decoupled weight decay", make_maker<AdamWMaker>},
//       {"lion", "the sign of the momentum", make_maker<LionMaker>}};
//
//   struct LionMaker final : MakerOf<LionMaker, Optimizer, OptimizerNeeds> {
//     double beta1 = 0.9, beta2 = 0.99;
//     void describe(Keys& keys) override { keys("beta1", beta1, "", "...", Allowed::from_to_below(0, 1)); ... }
//     std::unique_ptr<Optimizer> make(OptimizerNeeds needs) const override;
//   };
#pragma once

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/config/keys.h"

namespace convoy {

// The keys of one kind and what is made from them. Needs: what it takes besides.
template <class Object, class... Needs>
class Maker {
 public:
  virtual ~Maker() = default;
  virtual void describe(Keys& keys) = 0;
  virtual std::unique_ptr<Object> make(Needs... needs) const = 0;
  virtual std::unique_ptr<Maker> clone() const = 0;
};

template <class Derived, class Object, class... Needs>
class MakerOf : public Maker<Object, Needs...> {
 public:
  std::unique_ptr<Maker<Object, Needs...>> clone() const override {
    return std::make_unique<Derived>(static_cast<const Derived&>(*this));
  }
};

// Described: a class with describe(Keys&) and clone(), such as a Maker.
template <class Described>
struct KindOf {
  std::string_view name, meaning;
  std::unique_ptr<Described> (*maker)();
};

template <class Object, class... Needs>
using Kind = KindOf<Maker<Object, Needs...>>;

// For the tables: make_maker<LionMaker> fits every Kind of its Object.
template <class Derived>
constexpr auto make_maker = [] { return std::make_unique<Derived>()->clone(); };

// One of the kinds of a table with its keys' values. A value: copies are independent. The table outlives it.
template <class Described>
class ChoiceOf final : public AnyChoice {
 public:
  using Table = std::span<const KindOf<Described>>;

  // Throws InternalError if the table has no such kind.
  ChoiceOf(Table table, std::string_view name) : table_(table), kind_(find(name)), chosen_(kind_->maker()) {}
  ChoiceOf(const ChoiceOf& other) : table_(other.table_), kind_(other.kind_), chosen_(other.chosen_->clone()) {}
  ChoiceOf& operator=(const ChoiceOf& other) {
    table_ = other.table_, kind_ = other.kind_, chosen_ = other.chosen_->clone();
    return *this;
  }

  std::vector<KindText> kinds() const override {
    std::vector<KindText> texts;
    for (const auto& kind : table_) texts.push_back({.name = kind.name, .meaning = kind.meaning});
    return texts;
  }
  std::string_view name() const override { return kind_->name; }
  void choose(std::string_view name) override {
    if (name == kind_->name) return;
    kind_ = find(name);
    chosen_ = kind_->maker();
  }
  void describe(Keys& keys) override { chosen_->describe(keys); }
  std::unique_ptr<AnyChoice> copy() const override { return std::make_unique<ChoiceOf>(*this); }

  const Described& operator*() const { return *chosen_; }
  Described& operator*() { return *chosen_; }
  Described* operator->() { return chosen_.get(); }
  const Described* operator->() const { return chosen_.get(); }
  // What a Maker makes.
  template <class... Needs>
  auto make(Needs&&... needs) const {
    return chosen_->make(std::forward<Needs>(needs)...);
  }
  // It as a Derived; null if another kind is chosen. For tests and tools that set keys in code.
  template <class Derived>
  Derived* as() {
    return dynamic_cast<Derived*>(chosen_.get());
  }
  template <class Derived>
  const Derived* as() const {
    return dynamic_cast<const Derived*>(chosen_.get());
  }

 private:
  const KindOf<Described>* find(std::string_view name) const {
    const auto found = std::ranges::find(table_, name, &KindOf<Described>::name);
    if (found == table_.end()) throw InternalError("there is no kind named " + std::string(name));
    return &*found;
  }

  Table table_;
  const KindOf<Described>* kind_;
  std::unique_ptr<Described> chosen_;
};

template <class Object, class... Needs>
using Choice = ChoiceOf<Maker<Object, Needs...>>;

}  // namespace convoy
