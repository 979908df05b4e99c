// Adapters beside the linear maps of a graph that is there already: families need not know of them.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/glob.h"
#include "core/graph/graph.h"
#include "core/layers/adapter.h"

namespace convoy {
namespace {

constexpr std::string_view kWeight = ".weight";
constexpr size_t kNearest = 3;

std::string without_weight(std::string name) {
  if (name.ends_with(kWeight)) name.resize(name.size() - kWeight.size());
  return name;
}

// The maps that the peer has in place of this one.
std::vector<AdaptedPiece> pieces_of(const LinearMap& map, const ParameterSpec& weight) {
  if (weight.stored.empty()) return {{without_weight(weight.name), 0, map.outputs}};
  if (!map.by_outputs)
    throw InternalError(fmt::format("{} is stored in pieces that are not rows of outputs", weight.name));
  std::vector<AdaptedPiece> pieces;
  for (const StoredPiece& piece : weight.stored)
    pieces.push_back({without_weight(piece.name), piece.first_row, piece.rows});
  return pieces;
}

class Adaption {
 public:
  explicit Adaption(const AdapterRule& rule) : rule_(rule) {}

  // Of all linear maps of a layer; none where nothing matches.
  std::vector<Adapter> adapters_of(const Node& node) {
    std::vector<Adapter> adapters;
    size_t parameter = node.plan.parameters.size();
    for (const LinearMap& map : node.layer->linear_maps()) {
      adapters.push_back(adapter_of(map, node, parameter));
      if (adapters.back()) parameter += 2;
    }
    return adapters;
  }

  void check_matched() const {
    if (number_ > 0) return;
    if (names_.empty())
      throw ConfigError(
          "model.adapter: the model has no linear map that an adapter could stand beside; train it without "
          "one, with model.adapter.kind=none");
    throw ConfigError(fmt::format("model.adapter.match = {} matches no linear map of the model; near names are {}",
                                  rule_.match, fmt::join(nearest_matches(rule_.match, names_, kNearest), ", ")));
  }

 private:
  Adapter adapter_of(const LinearMap& map, const Node& node, size_t parameter) {
    const auto weight = std::ranges::find(node.plan.parameters, map.weight, &ParameterSpec::name);
    if (weight == node.plan.parameters.end())
      throw InternalError(fmt::format("layer {} has no parameter {}", node.name, map.weight));
    std::vector<AdaptedPiece> pieces = pieces_of(map, *weight);
    for (const AdaptedPiece& piece : pieces) names_.push_back(piece.name);
    std::erase_if(pieces, [&](const AdaptedPiece& piece) { return !glob_matches(rule_.match, piece.name); });
    if (pieces.empty()) return {};
    for (const AdaptedPiece& piece : pieces) check_rank(piece, map);
    return Adapter({.map = map,
                    .name = without_weight(map.weight),
                    .pieces = std::move(pieces),
                    .rank = rule_.rank,
                    .scale = static_cast<float>(rule_.scale),
                    .dropout = static_cast<float>(rule_.dropout),
                    .number = number_++,
                    .first_parameter = parameter});
  }

  void check_rank(const AdaptedPiece& piece, const LinearMap& map) const {
    const int64_t width = std::min(map.inputs, piece.outputs);
    if (rule_.rank > width)
      throw ConfigError(fmt::format(
          "model.adapter.rank = {}, but {} maps {} numbers to {}: write a rank of at most {}, or leave it out of "
          "model.adapter.match",
          rule_.rank, piece.name, map.inputs, piece.outputs, width));
  }

  const AdapterRule& rule_;
  std::vector<std::string> names_;  // of all maps
  uint32_t number_ = 0;             // of the next adapter
};

}  // namespace

void Graph::adapt(const AdapterRule& rule) {
  Adaption adaption(rule);
  for (Node& node : nodes_) {
    std::vector<ParameterSpec> own = node.plan.parameters;
    const std::vector<Adapter> adapters = adaption.adapters_of(node);
    for (ParameterSpec& parameter : own) parameter.of_base = parameter.role != ParameterRole::setting;
    if (std::ranges::any_of(adapters, [](const Adapter& adapter) { return static_cast<bool>(adapter); })) {
      node.layer->adapt(adapters);
      node.plan = node.layer->plan(specs(node.inputs), Purpose::training);
    }
    std::ranges::copy(own, node.plan.parameters.begin());
  }
  adaption.check_matched();
}

}  // namespace convoy
