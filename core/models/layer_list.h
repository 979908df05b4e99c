// A list of layers becomes a graph.
//
// Parameters are named by their layer's name or, without one, by its place: stem.weight, layers.0.linear.weight; of
// what is repeated by place and number of the time as well: layers.2.0.stem.weight, layers.2.1.stem.weight.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/models/listed_layer.h"

namespace convoy {

class LayerList {
 public:
  // A field of the data as the layers read it; -1: the data has no such field.
  using FieldValue = std::function<ValueId(Graph&, const std::string& field)>;

  // Both outlive this.
  LayerList(Graph& graph, FieldValue field_value) : graph_(graph), field_value_(std::move(field_value)) {}

  // Adds them behind x and returns what the last one gives. Throws ConfigError, naming the layer, where one does not
  // suit its inputs, or `from` a name that stands nowhere before it.
  ValueId add(const std::vector<ListedLayer>& layers, ValueId x);

 private:
  // Names are known from where they stand to the end of their list, and in lists inside it.
  using Names = std::map<std::string, ValueId>;

  ValueId add_all(const std::vector<ListedLayer>& layers, const std::string& place, const std::string& prefix,
                  ValueId x);
  ValueId add_layer(const ListedLayer& layer, const std::string& place, const std::string& name, ValueId x);
  ValueId add_repeated(const ListedLayer& layer, const std::string& place, const std::string& prefix, ValueId x);
  std::vector<ValueId> inputs_of(const ListedLayer& layer, const std::string& place, ValueId x);
  ValueId value_named(const std::string& name, const std::string& place, ValueId x);
  void check_input(const ListedLayer& layer, const std::string& name, ValueId input) const;
  ValueId converted(ValueId x);
  void name_value(const std::string& name, const std::string& place, ValueId value);
  void begin_block();

  Graph& graph_;
  const FieldValue field_value_;
  std::vector<Names> names_;  // of this list, and of those around it
  std::map<ValueId, ValueId> converted_;
  int blocks_ = 0;
  size_t depth_ = 0;
};

}  // namespace convoy
