#include "core/models/items/small_items.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/layers/category_embedding.h"
#include "core/layers/dropout.h"
#include "core/layers/image.h"
#include "core/layers/join.h"
#include "core/layers/norm.h"
#include "core/layers/softmax.h"

namespace convoy {

ValueId AddItem::add(Graph& graph, const std::string& name, std::span<const ValueId> inputs) const {
  return graph.add(name, std::make_unique<AddInputs>(name), {inputs.begin(), inputs.end()})[0];
}

ValueId MultiplyItem::add(Graph& graph, const std::string& name, std::span<const ValueId> inputs) const {
  return graph.add(name, std::make_unique<MultiplyInputs>(name), {inputs.begin(), inputs.end()})[0];
}

// Numbered by its place among all nodes: no other dropout of the model has that.
ValueId DropoutItem::add(Graph& graph, const std::string& name, std::span<const ValueId> inputs) const {
  const auto number = static_cast<uint32_t>(graph.nodes().size());
  return graph.add(name, std::make_unique<DropoutLayer>(static_cast<float>(p), number), {inputs[0]})[0];
}

ValueId SoftmaxItem::add(Graph& graph, const std::string& name, std::span<const ValueId> inputs) const {
  return graph.add(name, std::make_unique<Softmax>(), {inputs[0]})[0];
}

template <NormKind kKind>
ValueId NormItem<kKind>::add(Graph& graph, const std::string& name, std::span<const ValueId> inputs) const {
  const NormOptions options{.name = name,
                            .kind = kKind,
                            .C = graph.spec(inputs[0]).shape[-1],
                            .has_branch = false,
                            .eps = static_cast<float>(eps)};
  return graph.add(name, std::make_unique<Norm>(options), {inputs[0]})[1];
}
template struct NormItem<NormKind::layer>;
template struct NormItem<NormKind::rms>;

namespace {

// Ids of the field are below; 0: nobody knows. Datasets check what they read by it.
int64_t known_categories(const ModelData& data, const std::string& field) {
  if (field == "tokens") return data.vocabulary;
  const auto known = data.classes.find(field);
  return known == data.classes.end() ? 0 : known->second;
}

}  // namespace

void EmbeddingItem::settle(const LayerNeeds& needs) {
  const BatchField* field = find_field(needs.data.fields, needs.field);
  if (field == nullptr || field->dtype != DType::i32)
    throw ConfigError(fmt::format(
        "model.layers: an embedding reads whole numbers, and the field {} of {} holds none; name one in its "
        "`from`, as in embedding: {{from: categories, units: {}}}",
        needs.field, needs.data.name, units));
  const int64_t known = known_categories(needs.data, needs.field);
  if (known == 0)
    throw ConfigError(fmt::format(
        "model.layers: an embedding of the field {}, of which {} does not say how many categories there are; name them "
        "in `classes` of the field in manifest.json (datasets/FORMAT.md)",
        needs.field, needs.data.name));
  categories.value = categories.value_or(known);
  if (*categories.value < known)
    throw ConfigError(
        fmt::format("model.layers: an embedding of {} categories, and the field {} of {} has {}; leave "
                    "categories out, or give at least as many",
                    *categories.value, needs.field, needs.data.name, known));
}

ValueId EmbeddingItem::add(Graph& graph, const std::string& name, std::span<const ValueId> inputs) const {
  const CategoryEmbeddingOptions options{
      .name = name, .V = categories.value.value(), .C = units, .dtype = graph.compute_dtype()};
  return graph.add(name, std::make_unique<CategoryEmbedding>(options), {inputs[0]})[0];
}

ValueId ImageItem::add(Graph& graph, const std::string& name, std::span<const ValueId> inputs) const {
  const ImageOptions options{.name = name,
                             .to = graph.compute_dtype(),
                             .scale = static_cast<float>(scale),
                             .shift = static_cast<float>(shift)};
  return graph.add(name, std::make_unique<Image>(options), {inputs[0]})[0];
}

}  // namespace convoy
