#include "core/optimizer/rules/sgd.h"

#include "core/optimizer/makers.h"
#include "core/optimizer/rule_optimizer.h"

namespace convoy {

void SgdMaker::describe(Keys& keys) {
  describe_lr(keys, lr);
  keys("momentum", momentum, "", "decay of the sum of gradients that is followed; 0: the gradient itself is",
       Allowed::from_to_below(0, 1));
  keys("nesterov", nesterov, "", "follow the sum as it will be after the step");
  describe_l2_decay(keys, weight_decay);
  if (nesterov && momentum == 0)
    keys.contradiction({"nesterov", "momentum"}, [](const std::string& path) {
      return path + "nesterov = true wants a momentum above 0; set " + path + "momentum=0.9, or nesterov=false";
    });
}

std::unique_ptr<Optimizer> SgdMaker::make() const {
  using rules::Sgd, rules::SgdMomentum;
  if (momentum == 0)
    return std::make_unique<RuleOptimizer<Sgd>>(RuleOptimizer<Sgd>::Facts{"sgd", {}, lr, weight_decay}, Sgd{});
  return std::make_unique<RuleOptimizer<SgdMomentum>>(
      RuleOptimizer<SgdMomentum>::Facts{"sgd", {"momentum"}, lr, weight_decay},
      SgdMomentum{static_cast<float>(momentum), nesterov});
}

}  // namespace convoy
