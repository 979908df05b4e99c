#include "launcher/import/fit_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/base/error.h"
#include "core/checkpoint/stored_weights.h"
#include "core/parameters/parameter_layout.h"

namespace convoy {
namespace {

// Tables that models of old kept among their weights.
bool is_table(std::string_view name) {
  for (const char* ending : {".rotary_emb.inv_freq", ".attn.bias", ".attn.masked_bias", ".attention.bias"})
    if (name.ends_with(ending)) return true;
  return false;
}

// Weights that were saved without the head have names without what the head puts before them.
std::string_view without_prefix(std::string_view name) {
  for (const std::string_view prefix : {"transformer.", "model."})
    if (name.starts_with(prefix)) return name.substr(prefix.size());
  return name;
}

std::map<std::string, Shape> wanted_shapes(const Graph& graph) {
  std::map<std::string, Shape> wanted;
  const ParameterLayout layout(graph, 1);
  for (const Parameter& parameter : layout.parameters())
    for (const NamedTensor& stored : stored_weights(parameter.spec, {nullptr, DType::f32, parameter.spec.shape}))
      wanted[stored.name] = stored.stored_shape();
  return wanted;
}

}  // namespace

FittedModel fit_model(const ModelSource& source, const Graph& graph) {
  std::map<std::string_view, const SourceTensor*> there;
  for (const SourceTensor& tensor : source.tensors)
    if (!there.emplace(tensor.name, &tensor).second)
      throw CheckpointError(
          fmt::format("{}: tensor {} is there twice; download the model again", source.name, tensor.name));
  FittedModel model;
  for (const auto& [name, shape] : wanted_shapes(graph)) {
    auto found = there.find(name);
    if (found == there.end()) found = there.find(without_prefix(name));
    if (found == there.end())
      throw CheckpointError(
          fmt::format("{}: tensor {} of shape {} is missing, which a model of its config.json has; download "
                      "the rest of the model",
                      source.name, name, to_string(shape)));
    if (found->second->shape != shape)
      throw CheckpointError(
          fmt::format("{}: tensor {} has the shape {}, a model of its config.json has {}; take the "
                      "config.json of these weights",
                      source.name, found->first, to_string(found->second->shape), to_string(shape)));
    if (found->second->dtype != DType::f32 && found->second->dtype != DType::bf16 && found->second->dtype != DType::f16)
      throw CheckpointError(
          fmt::format("{}: tensor {} is {}, wanted f32, bf16 or f16; take a model whose weights are not "
                      "quantised",
                      source.name, found->first, name_of(found->second->dtype)));
    model.as_they_are = model.as_they_are && found->first == name;
    model.tensors.push_back(*found->second);
    model.tensors.back().name = name;
    there.erase(found);
  }
  for (const auto& [name, tensor] : there) {
    model.as_they_are = false;
    if (is_table(name)) continue;
    if (name != "lm_head.weight")
      throw CheckpointError(
          fmt::format("{}: tensor {} is part of no model of its config.json; take the config.json of "
                      "these weights",
                      source.name, name));
    model.notes.push_back("lm_head.weight is left out: config.json says that the head is the token embedding");
  }
  return model;
}

}  // namespace convoy
