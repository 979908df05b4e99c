// Makes a Plan, one action after the other. Internal to core/plan.
#pragma once

#include <map>
#include <set>
#include <utility>

#include "core/plan/plan.h"

namespace convoy {

class Planner {
 public:
  Planner(const Graph& graph, std::vector<PlannedGroup> groups, Ops& ops, const PlanOptions& options);
  Plan make();

 private:
  // Forward values exist once, or twice where their block is recomputed.
  enum Instance { kForward = 0, kRecomputed = 1 };

  void plan_inputs();
  void plan_forward(int node, ActionKind kind);
  void plan_block_again(int block);
  void plan_backward(int node);
  TensorRef gradient_of_output(int node, int output);
  void plan_input_gradients(Action& action);
  TensorRef gradient_buffer(int node, int input, const Action& action);
  void add_up(const Action& backward);
  bool may_overwrite(ValueId output, int node) const;
  void finish();
  void find_wanted_gradients();
  void find_final_gradients();
  std::vector<int> last_writers(const ParameterLayout& layout) const;
  void measure_scratch(Action& action);

  const Node& node_at(int node) const { return graph_.nodes()[static_cast<size_t>(node)]; }
  const Value& value_at(ValueId value) const { return graph_.values()[static_cast<size_t>(value)]; }
  const LayerPlan& layer_plan(int node) const {
    return options_.trains() ? node_at(node).plan : other_plans_[static_cast<size_t>(node)];
  }
  bool is_recomputed(int node) const {
    return options_.trains() && options_.recompute_blocks && node_at(node).block >= 0;
  }
  bool is_trained(int node, size_t parameter) const;
  bool wanted_again(int node) const;
  bool outputs_wanted_again(int node) const;
  Instance instance_read_by(int reader, ValueId value) const;
  TensorRef new_buffer(std::string what, const TensorSpec& spec, BufferKind kind = BufferKind::activation);
  TensorRef value(ValueId value, Instance instance);
  void use(const TensorRef& ref);
  void push(Action action);

  const Graph& graph_;
  const std::vector<PlannedGroup> groups_;
  Ops& ops_;
  PlanOptions options_;
  Plan plan_;
  std::vector<LayerPlan> other_plans_;                           // by node, for another purpose than training
  std::map<std::pair<ValueId, int>, TensorRef> values_;          // (value, instance)
  std::map<std::pair<int, int>, std::vector<TensorRef>> saved_;  // (node, instance)
  std::map<ValueId, TensorRef> gradients_;
  std::vector<bool> wants_gradient_;  // by value: a parameter that is trained lies upstream
  std::set<int> backward_done_, recomputed_;
  std::set<int> blocks_done_;
  std::map<ValueId, int> readers_;
  std::vector<std::pair<ValueId, TensorRef>> to_add_;  // second gradients of values with several readers
};

}  // namespace convoy
