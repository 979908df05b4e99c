#include "core/parameters/depths.h"

#include <algorithm>

namespace convoy {

std::map<std::string, int> parameter_depths(const Graph& graph) {
  std::map<std::string, int> depths;
  const bool has_blocks = std::ranges::any_of(graph.nodes(), [](const Node& node) { return node.block >= 0; });
  int depth = 0, block = -1;
  for (const Node& node : graph.nodes()) {
    if (has_blocks && node.block != block) ++depth, block = node.block;
    for (const ParameterSpec& spec : node.plan.parameters) depths.emplace(spec.name, depth);
    if (!has_blocks && !node.plan.parameters.empty()) ++depth;
  }
  return depths;
}

}  // namespace convoy
