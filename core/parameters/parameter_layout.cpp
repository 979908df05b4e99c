#include "core/parameters/parameter_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "core/base/checksum.h"
#include "core/base/error.h"
#include "core/base/integers.h"
#include "core/ops/optimizer_update.h"
#include "core/ops/reductions.h"

namespace convoy {

namespace {

std::map<std::string, int> layers_by_parameter(const Graph& graph) {
  std::map<std::string, int> layers;
  for (const Node& node : graph.nodes())
    for (const ParameterSpec& spec : node.plan.parameters) ++layers[spec.name];
  return layers;
}

}  // namespace

ParameterLayout::ParameterLayout(const Graph& graph, int64_t unit, const Member& member) {
  constexpr int kNoBlock = -2;
  const std::map<std::string, int> layers = layers_by_parameter(graph);
  int block = kNoBlock;  // of the group that grows; kNoBlock: whatever comes begins another
  for (const Node& node : graph.nodes()) {
    std::vector<int> indices;
    for (const ParameterSpec& spec : node.plan.parameters) {
      if (member && !member(spec)) {
        indices.push_back(kElsewhere);
        continue;
      }
      const bool shared = layers.at(spec.name) > 1;
      const size_t known = parameters_.size();
      indices.push_back(add(spec, shared || node.block != block));
      if (parameters_.size() > known) block = shared ? kNoBlock : node.block;
    }
    of_node_.push_back(std::move(indices));
  }
  padded_elements_ = round_up(elements(), std::lcm(unit, kSumSquaresBlock));
}

int ParameterLayout::add(const ParameterSpec& spec, bool begins_group) {
  const auto known = std::find_if(parameters_.begin(), parameters_.end(),
                                  [&](const Parameter& p) { return p.spec.name == spec.name; });
  if (known == parameters_.end()) {
    parameters_.push_back({spec, round_up(elements(), begins_group ? kSumSquaresBlock : kParameterBlock)});
    if (begins_group) group_starts_.push_back(parameters_.back().offset);
    return static_cast<int>(parameters_.size()) - 1;
  }
  if (known->spec.shape != spec.shape)
    throw ConfigError(fmt::format("parameter {} is used with shapes {} and {}; tied weights need one shape", spec.name,
                                  to_string(known->spec.shape), to_string(spec.shape)));
  return static_cast<int>(known - parameters_.begin());
}

int ParameterLayout::find_or_elsewhere(const std::string& name) const {
  const auto found =
      std::find_if(parameters_.begin(), parameters_.end(), [&](const Parameter& p) { return p.spec.name == name; });
  return found == parameters_.end() ? kElsewhere : static_cast<int>(found - parameters_.begin());
}

int ParameterLayout::find(const std::string& name) const {
  const int found = find_or_elsewhere(name);
  if (found == kElsewhere) throw InternalError(fmt::format("the model has no parameter named {}", name));
  return found;
}

int64_t ParameterLayout::parameter_count() const {
  int64_t count = 0;
  for (const Parameter& parameter : parameters_)
    if (parameter.spec.role == ParameterRole::learned && !parameter.spec.of_base) count += parameter.elements();
  return count;
}

std::string ParameterLayout::fingerprint() const {
  std::string text;
  for (const Parameter& p : parameters_)
    if (p.spec.role != ParameterRole::setting)
      text += fmt::format("{} {} {};", p.spec.name, to_string(p.spec.shape), p.offset);
  return checksum_of(std::string_view(text));
}

}  // namespace convoy
