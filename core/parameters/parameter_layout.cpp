#include "core/parameters/parameter_layout.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/checksum.h"
#include "core/base/error.h"
#include "core/base/integers.h"
#include "core/ops/adamw.h"

namespace convoy {

ParameterLayout::ParameterLayout(const Graph& graph, int ranks) {
  for (const Node& node : graph.nodes()) {
    std::vector<int> indices;
    for (const ParameterSpec& spec : node.layer->parameters()) indices.push_back(add(spec));
    of_node_.push_back(std::move(indices));
  }
  const int64_t end = parameters_.empty() ? 0 : parameters_.back().end();
  padded_elements_ = round_up(end, kParameterBlock * ranks);
}

int ParameterLayout::add(const ParameterSpec& spec) {
  const auto known = std::find_if(parameters_.begin(), parameters_.end(),
                                  [&](const Parameter& p) { return p.spec.name == spec.name; });
  if (known == parameters_.end()) {
    const int64_t end = parameters_.empty() ? 0 : parameters_.back().end();
    parameters_.push_back({spec, round_up(end, kParameterBlock)});
    return static_cast<int>(parameters_.size()) - 1;
  }
  if (known->spec.shape != spec.shape)
    throw ConfigError(fmt::format("parameter {} is used with shapes {} and {}; tied weights need one shape", spec.name,
                                  to_string(known->spec.shape), to_string(spec.shape)));
  return static_cast<int>(known - parameters_.begin());
}

int ParameterLayout::find(const std::string& name) const {
  const auto found =
      std::find_if(parameters_.begin(), parameters_.end(), [&](const Parameter& p) { return p.spec.name == name; });
  if (found == parameters_.end()) throw InternalError(fmt::format("the model has no parameter named {}", name));
  return static_cast<int>(found - parameters_.begin());
}

int64_t ParameterLayout::parameter_count() const {
  int64_t count = 0;
  for (const Parameter& parameter : parameters_) count += parameter.elements();
  return count;
}

std::string ParameterLayout::fingerprint() const {
  std::string text;
  for (const Parameter& p : parameters_)
    text += fmt::format("{} {} {};", p.spec.name, to_string(p.spec.shape), p.offset);
  return checksum_of(std::string_view(text));
}

}  // namespace convoy
