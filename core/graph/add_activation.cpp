#include "core/graph/add_activation.h"

#include "core/layers/activation.h"

namespace convoy {

ValueId add_activation(Graph& graph, const std::string& name, ValueId x, Activation activation) {
  if (activation == Activation::none) return x;
  return graph.add(name, std::make_unique<Activate>(activation), {x})[0];
}

}  // namespace convoy
