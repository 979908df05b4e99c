// Which group each parameter of a model is in. The parameters of a group are stored, sharded, reduced and updated
// together, with a learning rate and weight decay of their own; frozen ones are only stored.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/config/keys.h"
#include "core/graph/graph.h"

namespace convoy {

// A rule of optimizer.groups. The first rule that matches a parameter's name puts it into its group.
struct GroupRule {
  std::string match, name;
  double lr_scale = 1;
  AutoReal weight_decay;
  bool freeze = false;
};
void describe(Keys& keys, GroupRule& rule);

struct GroupTerms {
  std::string name;  // empty: there is no other group that learns
  double lr_scale = 1;
  std::optional<double> weight_decay;           // of all its parameters; absent: the optimizer's, of those that decay
  ParameterRole role = ParameterRole::learned;  // of its parameters
  bool matrices = false;                        // all of them are hidden matrices, and treated as such
};

// "", or " in group NAME": what tells one group's buckets from another's, for logs.
std::string in_group(const std::string& name);

class Grouping {
 public:
  static constexpr int kFrozen = -1;
  // Names of groups that no rule names.
  static constexpr const char* kStatistics = "statistics";
  static constexpr const char* kMatrices = "matrices";  // behind their rule's, if it has other parameters too

  // All parameters in one group, which is trained.
  Grouping() : groups_(1) {}
  // A group for each rule that trains, in the order of the rules, one for what no rule matches, and last one for
  // statistics, which rules can only freeze. Constants are always frozen. Throws ConfigError, naming near parameters,
  // if a rule matches none that an earlier rule leaves, if two groups have one name or if nothing learns.
  struct Parting {
    bool matrices_apart = false;  // hidden matrices are in groups of their own
    double layer_decay = 1;       // times the learning rate for each layer that lies behind one, up to the head: then
                                  // each depth has groups of its own
  };
  Grouping(const Graph& graph, std::span<const GroupRule> rules, const Parting& parting);
  Grouping(const Graph& graph, std::span<const GroupRule> rules) : Grouping(graph, rules, Parting{}) {}

  // Those that are trained.
  const std::vector<GroupTerms>& groups() const { return groups_; }
  // Number of the parameter's group, or kFrozen.
  int group_of(const std::string& parameter) const;
  bool freezes() const;

 private:
  void part_matrices(const Graph& graph);
  void part_by_depth(const Graph& graph, double layer_decay);
  void add_statistics(int marked);
  void check_names() const;

  std::vector<GroupTerms> groups_;
  std::map<std::string, int> group_of_;  // by parameter; empty: all are in the only one
};

}  // namespace convoy
