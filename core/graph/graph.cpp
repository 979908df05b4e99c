#include "core/graph/graph.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"

namespace convoy {

namespace {

// So many that no machine holds them, few enough that the bytes of a graph can be counted in 64 bits.
void check_countable(const std::string& layer, const Shape& shape) {
  constexpr double kMost = 0x1p44;
  double elements = 1;
  for (const int64_t extent : shape) elements *= static_cast<double>(extent);
  if (elements > kMost)
    throw ConfigError(
        fmt::format("layer {} gives {:.3g} numbers a micro-batch, shape {}; at most {:.3g} can be counted on, so lower "
                    "batch.micro or "
                    "the model's sizes",
                    layer, elements, to_string(shape), kMost));
}

std::vector<StoredPiece> checked_pieces(const ParameterSpec& parameter, std::vector<StoredPiece> pieces) {
  int64_t rows = 0;
  for (const StoredPiece& piece : pieces) {
    if (piece.first_row != rows || piece.rows <= 0 || (piece.transposed && parameter.shape.dims() != 2))
      throw InternalError(fmt::format("{} of shape {}: no such piece as {}, rows [{}, {})", parameter.name,
                                      to_string(parameter.shape), piece.name, piece.first_row,
                                      piece.first_row + piece.rows));
    rows += piece.rows;
  }
  if (!pieces.empty() && rows != parameter.shape[0])
    throw InternalError(fmt::format("{} has {} rows, its pieces have {}", parameter.name, parameter.shape[0], rows));
  return pieces;
}

}  // namespace

ValueId Graph::add_input(std::string name, const TensorSpec& spec) {
  values_.push_back({std::move(name), spec, -1, 0});
  return static_cast<ValueId>(values_.size()) - 1;
}

std::vector<ValueId> Graph::add(std::string name, std::unique_ptr<Layer> layer, std::vector<ValueId> inputs) {
  LayerPlan plan = layer->plan(specs(inputs), Purpose::training);
  if (stored_as_)
    for (ParameterSpec& parameter : plan.parameters)
      parameter.stored = checked_pieces(parameter, stored_as_(parameter));
  std::vector<ValueId> outputs;
  int position = 0;
  for (const TensorSpec& spec : plan.outputs) {
    check_countable(name, spec.shape);
    outputs.push_back(static_cast<ValueId>(values_.size()));
    values_.push_back({fmt::format("{}.{}", name, position), spec, static_cast<int>(nodes_.size()), position});
    ++position;
  }
  nodes_.push_back({std::move(name), std::move(layer), std::move(plan), std::move(inputs), outputs, block_});
  return outputs;
}

ValueId Graph::input(const std::string& name) const {
  const auto found = std::find_if(values_.begin(), values_.end(),
                                  [&](const Value& value) { return value.producer < 0 && value.name == name; });
  if (found == values_.end()) throw InternalError(fmt::format("the graph has no input named {}", name));
  return static_cast<ValueId>(found - values_.begin());
}

std::vector<std::string> Graph::inputs_of(ValueId value) const {
  std::vector<bool> wanted(values_.size());
  wanted[static_cast<size_t>(value)] = true;
  const auto is_wanted = [&](ValueId output) { return wanted[static_cast<size_t>(output)]; };
  for (size_t i = nodes_.size(); i-- > 0;)
    if (std::ranges::any_of(nodes_[i].outputs, is_wanted))
      for (const ValueId input : nodes_[i].inputs) wanted[static_cast<size_t>(input)] = true;
  std::vector<std::string> names;
  for (size_t i = 0; i < values_.size(); ++i)
    if (wanted[i] && values_[i].producer < 0) names.push_back(values_[i].name);
  return names;
}

std::vector<TensorSpec> Graph::specs(const std::vector<ValueId>& values) const {
  std::vector<TensorSpec> specs;
  for (const ValueId value : values) specs.push_back(values_[static_cast<size_t>(value)].spec);
  return specs;
}

bool Graph::weighs_rows() const {
  return std::ranges::any_of(nodes_, [](const Node& node) { return node.plan.weighs_rows; });
}

double Graph::forward_flops() const {
  double flops = 0;
  for (const Node& node : nodes_) flops += node.plan.forward_flops;
  return flops;
}

}  // namespace convoy
