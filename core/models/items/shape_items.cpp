#include "core/models/items/shape_items.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/layers/join.h"
#include "core/layers/reshape.h"

namespace convoy {

ValueId FlattenItem::add(Graph& graph, const std::string& name, std::span<const ValueId> inputs) const {
  return graph.add(name, std::make_unique<Reshape>(name, std::vector<int64_t>{-1}), {inputs[0]})[0];
}

void ReshapeItem::describe(Keys& keys) {
  keys("shape", shape, "", "of a sample, as in [8, 8, 1]; one extent may be -1: whatever is left",
       Allowed::from(-1, 1e9));
  static constexpr size_t kMost = Shape::kMaxDims - 1;
  const bool right = !shape.empty() && shape.size() <= kMost && std::ranges::count(shape, 0) == 0 &&
                     std::ranges::count(shape, -1) <= 1;
  if (!right)
    keys.contradiction({"shape"}, [this](const std::string& path) {
      return fmt::format("{}shape = [{}]; wanted are 1 to {} extents of at least 1, one of which may be -1", path,
                         fmt::join(shape, ", "), kMost);
    });
}

ValueId ReshapeItem::add(Graph& graph, const std::string& name, std::span<const ValueId> inputs) const {
  return graph.add(name, std::make_unique<Reshape>(name, shape), {inputs[0]})[0];
}

ValueId ConcatItem::add(Graph& graph, const std::string& name, std::span<const ValueId> inputs) const {
  const std::vector<ValueId> values(inputs.begin(), inputs.end());
  return graph.add(name, std::make_unique<Concat>(name, axis, graph.specs(values)), values)[0];
}

}  // namespace convoy
