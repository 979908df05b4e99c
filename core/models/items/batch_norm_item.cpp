#include "core/models/items/batch_norm_item.h"

#include "core/layers/batch_norm.h"

namespace convoy {

ValueId BatchNormItem::add(Graph& graph, const std::string& name, std::span<const ValueId> inputs) const {
  const BatchNormOptions options{name, scale, bias, static_cast<float>(momentum), static_cast<float>(eps)};
  return graph.add(name, std::make_unique<BatchNorm>(options), {inputs[0]})[0];
}

}  // namespace convoy
