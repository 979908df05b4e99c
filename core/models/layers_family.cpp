#include "core/models/layers_family.h"

#include <fmt/format.h>

#include <map>

#include "core/base/error.h"
#include "core/data/host_fields.h"
#include "core/models/kinds.h"
#include "core/models/layer_list.h"

namespace convoy {
namespace {

const BatchField& field(const ModelData& data, const std::string& key, const std::string& name) {
  if (const BatchField* found = find_field(data.fields, name)) return *found;
  throw ConfigError(fmt::format("model.{} = {}, but the fields of {} are {}; name one of them, or take another dataset",
                                key, name, data.name, field_names(data.fields)));
}

// Fields of the data as inputs of a graph: each once, as it is.
class FieldInputs {
 public:
  FieldInputs(const std::vector<BatchField>& fields, const std::string& target, const GraphNeeds& needs)
      : fields_(fields), target_(target), needs_(needs) {}

  // -1: there is none of that name, or it is what is to be predicted.
  ValueId operator()(Graph& graph, const std::string& name) {
    if (const auto found = values_.find(name); found != values_.end()) return found->second;
    const BatchField* field = find_field(fields_, name);
    if (field == nullptr || name == target_) return -1;
    return values_[name] = graph.add_input(name, {field->dtype, batched(needs_.B, field->shape)});
  }

 private:
  const std::vector<BatchField>& fields_;
  const std::string& target_;
  const GraphNeeds& needs_;
  std::map<std::string, ValueId> values_;
};

void settle_all(std::vector<ListedLayer>& layers, const LayerNeeds& needs) {
  for (ListedLayer& layer : layers) {
    LayerNeeds own = needs;
    if (layer.from.size() == 1 && find_field(needs.data.fields, layer.from[0]) != nullptr) own.field = layer.from[0];
    if (layer.form == ListedLayer::Form::layer) layer.item->settle(own);
    settle_all(layer.layers, needs);
  }
}

}  // namespace

LayersFamily::LayersFamily() : LayersFamily(layer_item_kinds()) {}
LayersFamily::LayersFamily(std::span<const LayerItemKind> kinds) : kinds_(kinds) {}

void LayersFamily::describe(Keys& keys) {
  keys("input", input, "field", "of the data that the first layer reads", Allowed::text());
  keys("target", target, "field", "of the data that predictions are compared with", Allowed::text());
  keys.kinds(binding("layers"), layers, ListedLayer(kinds_), "",
             "one behind the other; the last one's outputs are the predictions");
  if (layers.empty())
    keys.contradiction({"layers"}, [](const std::string& path) {
      return fmt::format("{}layers is empty; list at least one, as in {}layers=[{{linear: {{units: 1}}}}]", path, path);
    });
}

void LayersFamily::settle(const ModelData& data, Loss& loss) {
  field(data, "input", input);
  if (input == target)
    throw ConfigError(fmt::format("model.input and model.target are both {}; name two fields of {}", input, data.name));
  fields_ = data.fields;
  const BatchField& wanted = field(data, "target", target);
  settle_all(layers, {loss.outputs(wanted, data), data, input});
  loss.settle(wanted, data);
}

Graph LayersFamily::loss_graph(const GraphNeeds& needs) const {
  Graph graph;
  graph.compute_in(needs.dtype);
  FieldInputs inputs(fields_, target, needs);
  const ValueId x = inputs(graph, input);
  LayerList list(graph, [&](Graph& of, const std::string& name) { return inputs(of, name); });
  const ValueId predictions = list.add(layers, x);
  graph.set_output("predictions", predictions);
  const BatchField& wanted = *find_field(fields_, target);
  const ValueId t = graph.add_input(target, {wanted.dtype, batched(needs.B, wanted.shape)});
  graph.set_output("targets", t);
  graph.set_loss(needs.loss.add(graph, predictions, t));
  return graph;
}

}  // namespace convoy
