// A layer as the family `layers` lists it: its keys, and what it adds to the graph.
//
// To add one: the layer (core/layers), a class in core/models/items, and a line in layer_item_kinds().
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "core/config/kind.h"
#include "core/graph/graph.h"
#include "core/models/model_data.h"

namespace convoy {

// What `classes` and other words stand for.
struct LayerNeeds {
  int64_t outputs = 1;  // numbers that the loss wants of a sample's prediction
  const ModelData& data;
  std::string field;  // of the data that the layer reads, where it is the first behind it
};

class LayerItem {
 public:
  virtual ~LayerItem() = default;
  // Its own keys, none of them called `name` or `from`: those all layers of a list have.
  virtual void describe(Keys& keys) = 0;
  virtual std::unique_ptr<LayerItem> clone() const = 0;

  // Writes into the keys what they leave to the data.
  virtual void settle(const LayerNeeds&) {}
  // Takes several inputs: `from` then names two or more.
  virtual bool joins() const { return false; }
  // Takes inputs of such a type; what the model computes in is f32 or bf16.
  virtual bool reads(DType dtype) const { return dtype == DType::f32 || dtype == DType::bf16; }
  // Takes fields of the data as they are and gives what the model computes in (Graph::compute_dtype); to other layers
  // real numbers come as that.
  virtual bool converts() const { return false; }
  // Adds the layer behind its inputs: one, unless it joins. name: unique in the model, of nodes and parameters. Throws
  // ConfigError, naming it, if they do not suit it.
  virtual ValueId add(Graph& graph, const std::string& name, std::span<const ValueId> inputs) const = 0;
};

using LayerItemKind = KindOf<LayerItem>;
using LayerItemChoice = ChoiceOf<LayerItem>;

}  // namespace convoy
