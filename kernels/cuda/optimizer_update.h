// OptimizerUpdate of every rule.
#pragma once

#include <tuple>

#include "core/device/stream.h"
#include "core/ops/optimizer_update.h"
#include "core/optimizer/rules/rules.h"

namespace convoy::cuda {

template <class Rule>
using RunUpdate = void (*)(Stream& stream, const OptimizerUpdate<Rule>& args);

template <class List>
struct UpdatesOf;
template <class... Rules>
struct UpdatesOf<RuleList<Rules...>> {
  using Table = std::tuple<RunUpdate<Rules>...>;
};

UpdatesOf<OptimizerRules>::Table optimizer_updates();

}  // namespace convoy::cuda
