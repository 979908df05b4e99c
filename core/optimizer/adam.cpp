#include "core/optimizer/rules/adam.h"

#include <cmath>

#include "core/optimizer/makers.h"
#include "core/optimizer/rule_optimizer.h"
#include "core/optimizer/rules/adamw.h"

namespace convoy {

namespace {

// Adam and AdamW: moments that begin at zero are corrected for it.
template <class Rule>
class AdamOptimizer final : public RuleOptimizer<Rule> {
 public:
  using Facts = typename RuleOptimizer<Rule>::Facts;
  AdamOptimizer(Facts facts, Rule rule, double beta1, double beta2)
      : RuleOptimizer<Rule>(std::move(facts), rule), beta1_(beta1), beta2_(beta2) {}

  std::vector<float> numbers(int64_t t, double lr) const override {
    return {static_cast<float>(lr), static_cast<float>(1 - std::pow(beta1_, static_cast<double>(t))),
            static_cast<float>(1 - std::pow(beta2_, static_cast<double>(t)))};
  }

 private:
  const double beta1_, beta2_;
};

void describe_moments(Keys& keys, double& beta1, double& beta2, double& eps) {
  keys("beta1", beta1, "", "decay of the first moment", Allowed::from_to_below(0, 1));
  keys("beta2", beta2, "", "decay of the second moment", Allowed::from_to_below(0, 1));
  describe_eps(keys, eps, "added to the root of the second moment");
}

}  // namespace

void AdamWMaker::describe(Keys& keys) {
  describe_lr(keys, lr);
  describe_moments(keys, beta1, beta2, eps);
  describe_decoupled_decay(keys, weight_decay);
}

std::unique_ptr<Optimizer> AdamWMaker::make() const {
  return std::make_unique<AdamOptimizer<rules::AdamW>>(
      AdamOptimizer<rules::AdamW>::Facts{"adamw", {"m", "v"}, lr, weight_decay},
      rules::AdamW{static_cast<float>(beta1), static_cast<float>(beta2), static_cast<float>(eps)}, beta1, beta2);
}

void AdamMaker::describe(Keys& keys) {
  describe_lr(keys, lr);
  describe_moments(keys, beta1, beta2, eps);
  describe_l2_decay(keys, weight_decay);
}

std::unique_ptr<Optimizer> AdamMaker::make() const {
  return std::make_unique<AdamOptimizer<rules::Adam>>(
      AdamOptimizer<rules::Adam>::Facts{"adam", {"m", "v"}, lr, weight_decay},
      rules::Adam{static_cast<float>(beta1), static_cast<float>(1 - beta1), static_cast<float>(beta2),
                  static_cast<float>(1 - beta2), static_cast<float>(eps)},
      beta1, beta2);
}

}  // namespace convoy
