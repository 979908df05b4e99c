#include "core/optimizer/statistics_update.h"

#include "core/optimizer/rule_optimizer.h"
#include "core/optimizer/rules/addition.h"

namespace convoy {

const Optimizer& statistics_update() {
  using rules::Addition;
  static const RuleOptimizer<Addition> update({.name = "statistics"}, Addition{});
  return update;
}

}  // namespace convoy
