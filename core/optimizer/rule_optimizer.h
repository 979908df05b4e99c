// An optimizer that is a rule of core/optimizer/rules.
#pragma once

#include <typeindex>
#include <utility>

#include "core/ops/optimizer_update.h"
#include "core/optimizer/optimizer.h"

namespace convoy {

template <class Rule>
class RuleOptimizer : public Optimizer {
 public:
  struct Facts {
    std::string_view name;
    std::vector<std::string> states;  // Rule::kStates
    double lr = 0, weight_decay = 0;
  };
  RuleOptimizer(Facts facts, Rule rule) : facts_(std::move(facts)), rule_(rule) {}

  std::string_view name() const override { return facts_.name; }
  std::vector<std::string> states() const override { return facts_.states; }
  double learning_rate() const override { return facts_.lr; }
  double weight_decay() const override { return facts_.weight_decay; }
  // The learning rate alone, or nothing; rules with more numbers say which.
  std::vector<float> numbers(int64_t, double lr) const override {
    if constexpr (Rule::kNumbers == 0) return {};
    return {static_cast<float>(lr)};
  }

  std::string missing(const Ops& ops) const override {
    return ops.has<OptimizerUpdate<Rule>>() ? "" : operator_name(typeid(OptimizerUpdate<Rule>));
  }
  void update(Ops& ops, Stream& stream, const UpdateTensors& t) const override {
    OptimizerUpdate<Rule> args{t.weights,         t.master,  t.gradient,     {},    t.decays,
                               t.norm_and_factor, t.numbers, t.weight_decay, rule_, t.rounding};
    for (size_t s = 0; s < args.states.size(); ++s) args.states[s] = t.states[s];
    ops.run(stream, args);
  }

 private:
  const Facts facts_;
  const Rule rule_;
};

}  // namespace convoy
