#include "core/optimizer/rules/lion.h"

#include "core/optimizer/makers.h"
#include "core/optimizer/rule_optimizer.h"

namespace convoy {

void LionMaker::describe(Keys& keys) {
  describe_lr(keys, lr);
  keys("beta1", beta1, "", "share of the momentum in the direction whose sign is followed",
       Allowed::from_to_below(0, 1));
  keys("beta2", beta2, "", "decay of the momentum", Allowed::from_to_below(0, 1));
  describe_decoupled_decay(keys, weight_decay);
}

std::unique_ptr<Optimizer> LionMaker::make() const {
  using rules::Lion;
  return std::make_unique<RuleOptimizer<Lion>>(RuleOptimizer<Lion>::Facts{"lion", {"m"}, lr, weight_decay},
                                               Lion{static_cast<float>(beta1), static_cast<float>(1 - beta1),
                                                    static_cast<float>(beta2), static_cast<float>(1 - beta2)});
}

}  // namespace convoy
