#include "core/models/items/linear_item.h"

#include <cmath>

#include "core/layers/linear.h"

namespace convoy {

// LeCun, Bottou, Orr and Mueller, "Efficient BackProp" (1998): outputs of such weights vary as inputs do.
ValueId LinearItem::add(Graph& graph, const std::string& name, std::span<const ValueId> inputs) const {
  const int64_t Cin = graph.spec(inputs[0]).shape[-1];
  const LinearOptions options{.name = name,
                              .Cin = Cin,
                              .Cout = units.value.value(),
                              .stddev = 1.0f / std::sqrt(static_cast<float>(Cin)),
                              .activation = activation,
                              .has_bias = bias};
  return graph.add(name, std::make_unique<Linear>(options), {inputs[0]})[0];
}

}  // namespace convoy
