#include "core/models/layer_list.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/nearest_name.h"
#include "core/layers/convert.h"

namespace convoy {

ValueId LayerList::add(const std::vector<ListedLayer>& layers, ValueId x) {
  x = add_all(layers, "model.layers", "layers", x);
  graph_.begin_block(-1);
  return x;
}

// What is recomputed together: an item of the outermost list, or one time of what is repeated there.
void LayerList::begin_block() {
  if (depth_ == 1) graph_.begin_block(blocks_++);
}

ValueId LayerList::add_all(const std::vector<ListedLayer>& layers, const std::string& place, const std::string& prefix,
                           ValueId x) {
  names_.emplace_back();
  ++depth_;
  for (size_t i = 0; i < layers.size(); ++i) {
    const ListedLayer& layer = layers[i];
    const std::string item_place = fmt::format("{}.{}", place, i), item_prefix = fmt::format("{}.{}", prefix, i);
    if (layer.form == ListedLayer::Form::repeat) {
      x = add_repeated(layer, item_place, item_prefix, x);
      continue;
    }
    if (layer.form == ListedLayer::Form::layer) {
      begin_block();
      // Names outside all repetitions stand alone.
      const std::string named = depth_ == 1 ? layer.label : prefix + "." + layer.label;
      x = add_layer(layer, fmt::format("{}.{}", item_place, layer.name()),
                    layer.label.empty() ? fmt::format("{}.{}", item_prefix, layer.name()) : named, x);
    }
    if (!layer.label.empty()) name_value(layer.label, item_place, x);
  }
  --depth_;
  names_.pop_back();
  return x;
}

ValueId LayerList::add_repeated(const ListedLayer& layer, const std::string& place, const std::string& prefix,
                                ValueId x) {
  for (int64_t time = 0; time < layer.times; ++time) {
    begin_block();
    x = add_all(layer.layers, place + ".layers", fmt::format("{}.{}", prefix, time), x);
  }
  return x;
}

ValueId LayerList::add_layer(const ListedLayer& layer, const std::string& place, const std::string& name, ValueId x) {
  std::vector<ValueId> inputs = inputs_of(layer, place, x);
  for (ValueId& input : inputs) {
    check_input(layer, name, input);
    if (!layer.item->converts()) input = converted(input);
  }
  return layer.item->add(graph_, name, inputs);
}

// Real numbers of a field as what the model computes in, once for all their readers.
ValueId LayerList::converted(ValueId x) {
  const Value value = graph_.values()[static_cast<size_t>(x)];
  const DType to = graph_.compute_dtype();
  if (value.producer >= 0 || value.spec.dtype != DType::f32 || to == DType::f32) return x;
  if (const auto known = converted_.find(x); known != converted_.end()) return known->second;
  graph_.begin_block(-1);
  const std::string name = converted_.empty() ? "input" : "input." + value.name;
  converted_[x] = graph_.add(name, std::make_unique<Convert>(to), {x})[0];
  graph_.begin_block(blocks_ - 1);
  return converted_[x];
}

std::vector<ValueId> LayerList::inputs_of(const ListedLayer& layer, const std::string& place, ValueId x) {
  std::vector<ValueId> inputs;
  for (const std::string& name : layer.from) inputs.push_back(value_named(name, place, x));
  if (inputs.empty()) inputs.push_back(x);
  if (layer.item->joins() && inputs.size() < 2)
    throw ConfigError(
        fmt::format("{} joins several values, and its `from` names {}; name two or more, as in {}: {{from: [NAME, .]}}",
                    place, layer.from.empty() ? "none" : "one", layer.name()));
  if (!layer.item->joins() && inputs.size() > 1)
    throw ConfigError(fmt::format("{}.from = [{}], but {} reads one value; name one, or put concat or add before it",
                                  place, fmt::join(layer.from, ", "), layer.name()));
  return inputs;
}

ValueId LayerList::value_named(const std::string& name, const std::string& place, ValueId x) {
  if (name == ".") return x;
  std::vector<std::string> known;
  for (auto names = names_.rbegin(); names != names_.rend(); ++names) {
    if (const auto found = names->find(name); found != names->end()) return found->second;
    for (const auto& [other, value] : *names) known.push_back(other);
  }
  if (const ValueId field = field_value_(graph_, name); field >= 0) return field;
  const std::string advice = did_you_mean(name, known);
  throw ConfigError(fmt::format("{}.from names {}, which no layer before it and no field of the data is called{}",
                                place, name,
                                !advice.empty() ? advice
                                : known.empty() ? "; give a layer a name, as in {name: " + name + "} behind it"
                                                : fmt::format("; there are {} and `.`", fmt::join(known, ", "))));
}

void LayerList::check_input(const ListedLayer& layer, const std::string& name, ValueId input) const {
  const Value& value = graph_.values()[static_cast<size_t>(input)];
  if (layer.item->reads(value.spec.dtype)) return;
  const bool whole = value.spec.dtype != DType::f32 && value.spec.dtype != DType::bf16;
  throw ConfigError(fmt::format("layer {} reads {}, and {} is {} {}; {}", name,
                                whole ? "real numbers" : "whole numbers", value.name, name_of(value.spec.dtype),
                                to_string(value.spec.shape),
                                value.spec.dtype == DType::u8    ? "put image or normalize before it"
                                : value.spec.dtype == DType::i32 ? "put embedding before it"
                                                                 : "let it read the field of the data itself"));
}

void LayerList::name_value(const std::string& name, const std::string& place, ValueId value) {
  if (!names_.back().emplace(name, value).second)
    throw ConfigError(
        fmt::format("{}: the name {} stands before it in this list already; choose another", place, name));
}

}  // namespace convoy
