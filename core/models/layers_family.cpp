#include "core/models/layers_family.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/data/host_fields.h"
#include "core/layers/convert.h"
#include "core/models/kinds.h"

namespace convoy {
namespace {

TensorSpec batch_of(int64_t B, const BatchField& field) { return {field.dtype, batched(B, field.shape)}; }

}  // namespace

LayersFamily::LayersFamily() : LayersFamily(layer_item_kinds()) {}
LayersFamily::LayersFamily(std::span<const LayerItemKind> kinds) : kinds_(kinds) {}

void LayersFamily::describe(Keys& keys) {
  keys("input", input, "field", "of the data that the first layer reads", Allowed::text());
  keys("target", target, "field", "of the data that predictions are compared with", Allowed::text());
  keys.kinds(binding("layers"), layers, LayerItemChoice(kinds_, kinds_.front().name), "",
             "one behind the other; the last one's outputs are the predictions");
  if (layers.empty())
    keys.contradiction({"layers"}, [](const std::string& path) {
      return fmt::format("{}layers is empty; list at least one, as in {}layers=[{{linear: {{units: 1}}}}]", path, path);
    });
}

const BatchField& LayersFamily::field(const ModelData& data, const std::string& key, const std::string& name) const {
  if (const BatchField* found = data.find(name)) return *found;
  throw ConfigError(fmt::format("model.{} = {}, but the fields of {} are {}; name one of them, or take another dataset",
                                key, name, data.name, data.field_names()));
}

void LayersFamily::settle(const ModelData& data, const Loss& loss) {
  fields_ = {field(data, "input", input), field(data, "target", target)};
  if (fields_[0].dtype == DType::i32)
    throw ConfigError(
        fmt::format("model.input = {}: the field holds whole numbers, such as tokens; family layers reads "
                    "real ones. Take another dataset, or model.family=gpt2 for text",
                    input));
  const LayerNeeds needs{loss.outputs(fields_[1], data)};
  for (LayerItemChoice& layer : layers) layer->settle(needs);
}

std::string LayersFamily::summary() const {
  std::string names;
  for (const LayerItemChoice& layer : layers) names += (names.empty() ? "" : ", ") + std::string(layer.name());
  return names;
}

Graph LayersFamily::loss_graph(const GraphNeeds& needs) const {
  Graph graph;
  ValueId x = graph.add_input(input, batch_of(needs.B, fields_.at(0)));
  if (fields_[0].dtype != needs.dtype) x = graph.add("input", std::make_unique<Convert>(needs.dtype), {x})[0];
  for (size_t i = 0; i < layers.size(); ++i) {
    graph.begin_block(static_cast<int>(i));
    x = layers[i]->add(graph, fmt::format("layers.{}.{}", i, layers[i].name()), x);
  }
  graph.begin_block(-1);
  graph.set_output("predictions", x);
  const ValueId t = graph.add_input(target, batch_of(needs.B, fields_.at(1)));
  graph.set_output("targets", t);
  graph.set_loss(needs.loss.add(graph, x, t));
  return graph;
}

}  // namespace convoy
