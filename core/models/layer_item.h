// A layer as the family `layers` lists it: its keys, and what it adds to the graph.
//
// To add one: the layer (core/layers), a class in layer_items.cpp, and a line in its table.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/config/kind.h"
#include "core/graph/graph.h"

namespace convoy {

// What `classes` and other words stand for.
struct LayerNeeds {
  int64_t outputs = 1;  // numbers that the loss wants of a sample's prediction
};

class LayerItem {
 public:
  virtual ~LayerItem() = default;
  virtual void describe(Keys& keys) = 0;
  virtual std::unique_ptr<LayerItem> clone() const = 0;

  // Writes into the keys what they leave to the data.
  virtual void settle(const LayerNeeds&) {}
  // Adds the layer behind x; name: unique in the model, of nodes and parameters. Throws ConfigError, naming it, if x
  // does not suit it.
  virtual ValueId add(Graph& graph, const std::string& name, ValueId x) const = 0;
};

using LayerItemKind = KindOf<LayerItem>;
using LayerItemChoice = ChoiceOf<LayerItem>;

}  // namespace convoy
