#include "core/optimizer/rules/rms_prop.h"

#include "core/optimizer/makers.h"
#include "core/optimizer/rule_optimizer.h"

namespace convoy {

void RmsPropMaker::describe(Keys& keys) {
  describe_lr(keys, lr);
  keys("alpha", alpha, "", "decay of the mean of squared gradients", Allowed::from_to_below(0, 1));
  describe_eps(keys, eps, "added to the root of that mean");
  keys("momentum", momentum, "", "decay of the sum of directions that is followed; 0: the direction itself is",
       Allowed::from_to_below(0, 1));
  describe_l2_decay(keys, weight_decay);
}

std::unique_ptr<Optimizer> RmsPropMaker::make() const {
  using rules::RmsProp, rules::RmsPropMomentum;
  const RmsProp rule{static_cast<float>(alpha), static_cast<float>(1 - alpha), static_cast<float>(eps)};
  if (momentum == 0)
    return std::make_unique<RuleOptimizer<RmsProp>>(
        RuleOptimizer<RmsProp>::Facts{"rmsprop", {"square_avg"}, lr, weight_decay}, rule);
  return std::make_unique<RuleOptimizer<RmsPropMomentum>>(
      RuleOptimizer<RmsPropMomentum>::Facts{"rmsprop", {"square_avg", "momentum"}, lr, weight_decay},
      RmsPropMomentum{rule, static_cast<float>(momentum)});
}

}  // namespace convoy
