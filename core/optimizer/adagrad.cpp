#include "core/optimizer/rules/adagrad.h"

#include "core/optimizer/makers.h"
#include "core/optimizer/rule_optimizer.h"

namespace convoy {

void AdagradMaker::describe(Keys& keys) {
  describe_lr(keys, lr);
  describe_eps(keys, eps, "added to the root of the sum of squared gradients");
  describe_l2_decay(keys, weight_decay);
}

std::unique_ptr<Optimizer> AdagradMaker::make() const {
  using rules::Adagrad;
  return std::make_unique<RuleOptimizer<Adagrad>>(RuleOptimizer<Adagrad>::Facts{"adagrad", {"sum"}, lr, weight_decay},
                                                  Adagrad{static_cast<float>(eps)});
}

}  // namespace convoy
