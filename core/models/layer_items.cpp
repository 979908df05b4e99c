#include "core/models/layer_items.h"

#include <cmath>

#include "core/layers/linear.h"

namespace convoy {

// LeCun, Bottou, Orr and Mueller, "Efficient BackProp" (1998): outputs of such weights vary as inputs do.
ValueId LinearItem::add(Graph& graph, const std::string& name, ValueId x) const {
  const int64_t Cin = graph.values()[static_cast<size_t>(x)].spec.shape[-1];
  const float stddev = 1.0f / std::sqrt(static_cast<float>(Cin));
  return graph.add(name, std::make_unique<Linear>(LinearOptions{name, Cin, units.value.value(), stddev}), {x})[0];
}

}  // namespace convoy
