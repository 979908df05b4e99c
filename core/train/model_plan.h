// What a Model is before it has memory: graph, layout of the parameters, who shards what, and the static plans of its
// programs. Made from shapes alone: it needs no device but its operators, which are asked for their scratch, and
// allocates nothing. So what is planned for ranks that are not there is what they would allocate.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/device/memory_use.h"
#include "core/parameters/grouping.h"
#include "core/parameters/parameter_storage.h"
#include "core/parameters/sharding.h"
#include "core/plan/plan.h"

namespace convoy {

struct ModelOptions {
  DType dtype = DType::f32;
  bool training = true;  // false: losses only, no gradients and no optimizer state
  bool recompute_blocks = false;
  size_t guard_bytes = 0;
  ShardingOptions sharding;
  std::vector<GroupRule> groups;    // of the parameters, for training
  std::vector<std::string> states;  // of every element of the parameters that learn
  // Hidden matrices are in groups of their own, and these are their states.
  std::optional<std::vector<std::string>> matrix_states;
  double layer_decay = 1;          // as Grouping has it
  DType state_dtype = DType::f32;  // of those, but for the moving average
  CallObserver observer = {};      // of a micro-batch's operators, forward and backward
};

// A group of parameters that is trained: they learn, or are statistics.
struct GroupPlan {
  GroupTerms terms;
  ParameterLayout layout;
  DType dtype;           // that layers read
  TrainedStates states;  // of every element
  std::unique_ptr<Sharding> sharding;

  bool learns() const { return terms.role == ParameterRole::learned; }
};

// Parameters that are stored and not trained.
struct KeptPlan {
  std::string name;
  ParameterLayout layout;
  DType dtype;
  bool of_base = false;  // all of them are of the model beneath an adapter, and in no checkpoint of the run
};

class ModelPlan {
 public:
  // Throws ConfigError, naming layer and operator, if the operators lack one, and if rules of groups do not fit.
  ModelPlan(Ops& ops, Graph graph, const ModelOptions& options);

  const ModelOptions& options() const { return options_; }
  const Ops& ops() const { return ops_; }  // that it was planned for
  const Graph& graph() const { return graph_; }
  // Of all parameters, as if they were one group: their order, and how many there are.
  const ParameterLayout& layout() const { return layout_; }
  // Those that are trained; none without training.
  const std::vector<GroupPlan>& groups() const { return groups_; }
  // What is not, by dtype: what has learned or could, then statistics and constants; where there are any. For training
  // those of the model beneath an adapter come first, apart from the others.
  const std::vector<KeptPlan>& kept() const { return kept_; }
  // Tells models with other parameters, or other groups of them, apart.
  std::string fingerprint() const;
  const Plan& training() const { return training_; }  // without actions if there is none
  const Plan& evaluation() const { return evaluation_; }
  // Both programs share one arena: as large as this one's.
  const Plan& larger() const { return training_.arena_bytes >= evaluation_.arena_bytes ? training_ : evaluation_; }
  size_t arena_bytes() const { return larger().arena_bytes; }
  // What a Model of this plan allocates; of the arena what it holds when it is fullest, and what then lies between as
  // activations.
  MemoryUse memory() const;

 private:
  void make_groups();
  void make_group(const GroupTerms& terms, const ParameterLayout::Member& member);
  void keep(std::string name, const ParameterLayout::Member& member, bool of_base = false);
  std::vector<PlannedGroup> planned_groups() const;

  const Ops& ops_;
  ModelOptions options_;
  Graph graph_;
  ParameterLayout layout_;
  std::vector<GroupPlan> groups_;
  std::vector<KeptPlan> kept_;
  Plan training_, evaluation_;
};

// What ranks that shard send besides parameters, as a share of these: each rank's part of a bucket is a whole number of
// blocks of the gradient norm. More than kMuchPadding is worth a word.
double shard_padding(const ModelPlan& model);
inline constexpr double kMuchPadding = 0.01;

}  // namespace convoy
