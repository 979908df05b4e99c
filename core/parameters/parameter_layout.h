// Where every parameter lies in flat storage: in layer order, each at a multiple of kParameterBlock elements, the whole
// padded so that it splits evenly over the ranks (Sharding's layout_unit). A bucket, a shard, a checkpoint part is a
// range of it.
//
// A block of the graph is a group of parameters, as is what lies between two blocks, and each parameter that several
// layers share. A group begins at a multiple of kSumSquaresBlock.
//
// Offsets do not depend on the number of ranks; only the padding at the end does.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/graph/graph.h"

namespace convoy {

struct Parameter {
  ParameterSpec spec;
  int64_t offset = 0;  // in elements
  int64_t elements() const { return spec.shape.elements(); }
  int64_t end() const { return offset + elements(); }
};

class ParameterLayout {
 public:
  // Of the parameters that are members; absent: of all. Padded to a multiple of `unit` and of kSumSquaresBlock.
  using Member = std::function<bool(const ParameterSpec&)>;
  ParameterLayout(const Graph& graph, int64_t unit, const Member& member = {});

  const std::vector<Parameter>& parameters() const { return parameters_; }
  // Parameter of that name; throws InternalError if absent.
  int find(const std::string& name) const;
  // Likewise; kElsewhere if absent.
  static constexpr int kElsewhere = -1;
  int find_or_elsewhere(const std::string& name) const;
  // Of a node, in its layer's order; kElsewhere for those that are no members.
  const std::vector<int>& of_node(int node) const { return of_node_[static_cast<size_t>(node)]; }
  // Up to the end of the last parameter, and padded.
  int64_t elements() const { return parameters_.empty() ? 0 : parameters_.back().end(); }
  int64_t padded_elements() const { return padded_elements_; }
  // Of those that learn, without padding; what stays as it is beneath an adapter is none of them.
  int64_t parameter_count() const;
  // Ascending, from 0.
  const std::vector<int64_t>& group_starts() const { return group_starts_; }
  // Tells two layouts apart: a hash of names, shapes and order, without settings.
  std::string fingerprint() const;

 private:
  int add(const ParameterSpec& spec, bool begins_group);

  std::vector<Parameter> parameters_;
  std::vector<std::vector<int>> of_node_;
  std::vector<int64_t> group_starts_;
  int64_t padded_elements_ = 0;
};

}  // namespace convoy
