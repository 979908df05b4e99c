#include "core/plan/planner.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "core/base/integers.h"
#include "core/ops/optimizer_update.h"
#include "core/plan/sharded_plan.h"

namespace convoy {

namespace {

// The same memory as another tensor of as many elements: values that share it may differ in shape.
TensorRef seen_as(const TensorSpec& spec, TensorRef ref) {
  ref.spec = spec;
  return ref;
}

}  // namespace

Plan make_plan(const Graph& graph, const ParameterLayout& layout, Ops& ops, const PlanOptions& options) {
  return make_plan(graph, std::vector<PlannedGroup>{{.layout = &layout}}, ops, options);
}

Plan make_plan(const Graph& graph, std::vector<PlannedGroup> groups, Ops& ops, const PlanOptions& options) {
  return Planner(graph, std::move(groups), ops, options).make();
}

Planner::Planner(const Graph& graph, std::vector<PlannedGroup> groups, Ops& ops, const PlanOptions& options)
    : graph_(graph), groups_(std::move(groups)), ops_(ops), options_(options) {
  plan_.options = options;
  if (!options.trains())
    for (const Node& node : graph.nodes())
      other_plans_.push_back(node.layer->plan(graph.specs(node.inputs), options.purpose));
  for (const Node& node : graph.nodes())
    for (const ValueId input : node.inputs) ++readers_[input];
  find_wanted_gradients();
}

bool Planner::is_trained(int node, size_t parameter) const {
  return std::ranges::any_of(groups_, [&](const PlannedGroup& group) {
    return group.trained && group.layout->of_node(node)[parameter] != ParameterLayout::kElsewhere;
  });
}

// Backward goes no further down than to the lowest parameter that is trained.
void Planner::find_wanted_gradients() {
  wants_gradient_.assign(graph_.values().size(), false);
  for (int index = 0; index < static_cast<int>(graph_.nodes().size()); ++index) {
    const Node& node = node_at(index);
    bool wanted = false;
    for (size_t p = 0; p < node.plan.parameters.size(); ++p) wanted |= is_trained(index, p);
    for (const ValueId input : node.inputs) wanted |= wants_gradient_[static_cast<size_t>(input)];
    for (const ValueId output : node.outputs) wants_gradient_[static_cast<size_t>(output)] = wanted;
  }
}

Plan Planner::make() {
  plan_inputs();
  const int nodes = static_cast<int>(graph_.nodes().size());
  for (int node = 0; node < nodes; ++node)
    if (!options_.trains() || !layer_plan(node).is_loss) plan_forward(node, ActionKind::forward);
  if (options_.trains()) {
    for (int node = nodes - 1; node >= 0; --node) plan_backward(node);
    find_final_gradients();
  }
  finish();
  return std::move(plan_);
}

TensorRef Planner::new_buffer(std::string what, const TensorSpec& spec, BufferKind kind) {
  const int now = static_cast<int>(plan_.actions.size());
  plan_.buffers.push_back({std::move(what), spec.unbound().bytes(), now, now, 0, kind});
  return {static_cast<int>(plan_.buffers.size()) - 1, spec};
}

void Planner::use(const TensorRef& ref) {
  if (ref.buffer < 0) return;
  PlannedBuffer& buffer = plan_.buffers[static_cast<size_t>(ref.buffer)];
  buffer.last = std::max(buffer.last, static_cast<int>(plan_.actions.size()));
}

void Planner::push(Action action) {
  for (const auto* refs :
       {&action.inputs, &action.outputs, &action.saved, &action.output_gradients, &action.input_gradients})
    for (const TensorRef& ref : *refs) use(ref);
  measure_scratch(action);
  plan_.actions.push_back(std::move(action));
}

void Planner::plan_inputs() {
  for (ValueId id = 0; id < static_cast<ValueId>(graph_.values().size()); ++id) {
    if (value_at(id).producer >= 0) continue;
    plan_.graph_inputs.push_back(new_buffer(value_at(id).name, value_at(id).spec));
    values_[{id, kForward}] = plan_.graph_inputs.back();
  }
}

TensorRef Planner::value(ValueId id, Instance instance) {
  const auto known = values_.find({id, instance});
  if (known != values_.end()) return known->second;
  return values_[{id, instance}] = new_buffer(value_at(id).name, value_at(id).spec);
}

// A block's later readers see what was computed again, everyone else what was computed first.
Planner::Instance Planner::instance_read_by(int reader, ValueId id) const {
  const int producer = value_at(id).producer;
  const bool again =
      producer >= 0 && recomputed_.contains(producer) && node_at(producer).block == node_at(reader).block;
  return again ? kRecomputed : kForward;
}

void Planner::plan_forward(int index, ActionKind kind) {
  const Node& node = node_at(index);
  const Instance instance = kind == ActionKind::recompute ? kRecomputed : kForward;
  if (instance == kRecomputed) recomputed_.insert(index);
  Action action{.kind = kind, .node = index};
  for (const ValueId input : node.inputs)
    action.inputs.push_back(value(input, instance == kRecomputed ? instance_read_by(index, input) : kForward));
  for (int o = 0; o < static_cast<int>(node.outputs.size()); ++o) {
    const ValueId output = node.outputs[static_cast<size_t>(o)];
    if (const auto same = layer_plan(index).shared(Share::Kind::output_is_input, o))
      values_[{output, instance}] = seen_as(value_at(output).spec, action.inputs[static_cast<size_t>(*same)]);
    action.outputs.push_back(value(output, instance));
  }
  action.for_own_backward = kind == ActionKind::recompute && !outputs_wanted_again(index);
  action.states = layer_plan(index).states;
  int position = 0;
  for (const TensorSpec& spec : layer_plan(index).saved)
    action.saved.push_back(new_buffer(fmt::format("{}.saved.{}", node.name, position++), spec));
  saved_[{index, instance}] = action.saved;
  push(std::move(action));
}

// Does backward need anything that running this node again would bring?
bool Planner::wanted_again(int index) const {
  const Node& node = node_at(index);
  if (!layer_plan(index).saved.empty()) return true;
  for (int o = 0; o < static_cast<int>(node.outputs.size()); ++o)
    if (layer_plan(index).backward_reads_output(o)) return true;
  return outputs_wanted_again(index);
}

// By other nodes of its block.
bool Planner::outputs_wanted_again(int index) const {
  const Node& node = node_at(index);
  for (int reader = index + 1; reader < static_cast<int>(graph_.nodes().size()); ++reader) {
    const Node& other = node_at(reader);
    if (other.block != node.block) continue;
    for (int i = 0; i < static_cast<int>(other.inputs.size()); ++i)
      if (value_at(other.inputs[static_cast<size_t>(i)]).producer == index &&
          (layer_plan(reader).backward_reads_input(i) || wanted_again(reader)))
        return true;
  }
  return false;
}

void Planner::plan_block_again(int block) {
  if (!blocks_done_.insert(block).second) return;
  for (int node = 0; node < static_cast<int>(graph_.nodes().size()); ++node)
    if (node_at(node).block == block && wanted_again(node)) plan_forward(node, ActionKind::recompute);
}

void Planner::plan_backward(int index) {
  const Node& node = node_at(index);
  const bool reached = std::any_of(node.outputs.begin(), node.outputs.end(),
                                   [&](ValueId output) { return gradients_.contains(output); });
  backward_done_.insert(index);
  if (!reached && !layer_plan(index).is_loss) return;
  if (is_recomputed(index)) plan_block_again(node.block);
  const bool again = recomputed_.contains(index);
  Action action{.kind = ActionKind::backward, .node = index};
  for (int i = 0; i < static_cast<int>(node.inputs.size()); ++i) {
    const ValueId input = node.inputs[static_cast<size_t>(i)];
    action.inputs.push_back(layer_plan(index).backward_reads_input(i) ? value(input, instance_read_by(index, input))
                                                                      : TensorRef{});
  }
  for (int o = 0; o < static_cast<int>(node.outputs.size()); ++o) {
    const ValueId output = node.outputs[static_cast<size_t>(o)];
    const bool present = layer_plan(index).backward_reads_output(o) || layer_plan(index).is_loss;
    action.outputs.push_back(present ? value(output, again ? kRecomputed : kForward) : TensorRef{});
    action.output_gradients.push_back(gradient_of_output(index, o));
  }
  action.saved = saved_[{index, again ? kRecomputed : kForward}];
  plan_input_gradients(action);
  push(action);
  add_up(action);
}

// What backward is given of an output's gradient: a copy where it will be lost although somebody else still needs it.
TensorRef Planner::gradient_of_output(int index, int output) {
  const ValueId id = node_at(index).outputs[static_cast<size_t>(output)];
  if (!gradients_.contains(id)) return {};
  const TensorRef& gradient = gradients_.at(id);
  if (!layer_plan(index).shared(Share::Kind::gradient_is_scratch, output) || may_overwrite(id, index)) return gradient;
  Action copy{.kind = ActionKind::copy_gradient, .node = index};
  copy.input_gradients = {new_buffer("copy of the gradient of " + value_at(id).name, value_at(id).spec), gradient};
  TensorRef own = copy.input_gradients[0];
  push(std::move(copy));
  return own;
}

void Planner::plan_input_gradients(Action& action) {
  const Node& node = node_at(action.node);
  for (int i = 0; i < static_cast<int>(node.inputs.size()); ++i) {
    const ValueId input = node.inputs[static_cast<size_t>(i)];
    if (!wants_gradient_[static_cast<size_t>(input)]) {
      action.input_gradients.emplace_back();
      continue;
    }
    action.input_gradients.push_back(gradient_buffer(action.node, i, action));
    if (gradients_.contains(input))
      to_add_.emplace_back(input, action.input_gradients.back());
    else
      gradients_[input] = action.input_gradients.back();
  }
}

TensorRef Planner::gradient_buffer(int index, int input, const Action& action) {
  const Node& node = node_at(index);
  const ValueId id = node.inputs[static_cast<size_t>(input)];
  const bool alone =
      readers_.at(id) == 1;  // only then may its gradient's memory be shared: nothing is added to it later
  const auto twin = layer_plan(index).shared(Share::Kind::gradient_is, input);
  if (twin && alone && readers_.at(node.inputs[static_cast<size_t>(*twin)]) == 1 &&
      action.input_gradients[static_cast<size_t>(*twin)].buffer >= 0)
    return action.input_gradients[static_cast<size_t>(*twin)];
  const auto over = layer_plan(index).shared(Share::Kind::gradient_over, input);
  if (over && alone) {
    const ValueId output = node.outputs[static_cast<size_t>(*over)];
    if (gradients_.contains(output) && may_overwrite(output, index))
      return seen_as(value_at(id).spec, gradients_.at(output));
  }
  return new_buffer("gradient of " + value_at(id).name, value_at(id).spec);
}

// Nobody who still has to run backward reads this gradient's memory under another name.
bool Planner::may_overwrite(ValueId output, int index) const {
  const int buffer = gradients_.at(output).buffer;
  return std::all_of(gradients_.begin(), gradients_.end(), [&](const auto& entry) {
    const auto& [other, ref] = entry;
    const int producer = value_at(other).producer;
    return ref.buffer != buffer || other == output || (producer != index && backward_done_.contains(producer));
  });
}

void Planner::add_up(const Action& backward) {
  for (const auto& [input, second] : to_add_) {
    Action add{.kind = ActionKind::add_gradient, .node = backward.node};
    add.input_gradients = {gradients_.at(input), second};
    push(std::move(add));
  }
  to_add_.clear();
}

// By parameter, the action that last adds to its gradient; -1: none does.
std::vector<int> Planner::last_writers(const ParameterLayout& layout) const {
  std::vector<int> last(layout.parameters().size(), -1);
  for (int a = 0; a < static_cast<int>(plan_.actions.size()); ++a) {
    const Action& action = plan_.actions[static_cast<size_t>(a)];
    if (action.kind != ActionKind::backward) continue;
    for (const int p : layout.of_node(action.node))
      if (p != ParameterLayout::kElsewhere) last[static_cast<size_t>(p)] = a;
  }
  return last;
}

void Planner::find_final_gradients() {
  for (const PlannedGroup& group : groups_) {
    if (!group.trained) continue;
    const std::vector<int> last = last_writers(*group.layout);
    for (int a = 0; a < static_cast<int>(plan_.actions.size()); ++a) {
      int64_t from = 0;
      for (size_t p = 0; p < last.size(); ++p)
        if (last[p] > a) from = std::max(from, round_up(group.layout->parameters()[p].end(), kParameterBlock));
      plan_.actions[static_cast<size_t>(a)].final_from.push_back(from);
    }
  }
}

void Planner::finish() {
  const int last = static_cast<int>(plan_.actions.size()) - 1;
  plan_.result = values_.at({graph_.result(), kForward});
  plan_.buffers[static_cast<size_t>(plan_.result.buffer)].last = last;
  if (!options_.trains())
    for (const auto& [name, value] : graph_.outputs()) {
      plan_.outputs[name] = values_.at({value, kForward});
      plan_.buffers[static_cast<size_t>(plan_.outputs[name].buffer)].last = last;
    }
  if (graph_.weights() >= 0) {
    plan_.weights = values_.at({graph_.weights(), kForward});
    plan_.buffers[static_cast<size_t>(plan_.weights.buffer)].last = last;
  }
  for (const TensorRef& input : plan_.graph_inputs) plan_.buffers[static_cast<size_t>(input.buffer)].last = last;
  for (size_t g = 0; g < groups_.size(); ++g) {
    plan_.gradient_buckets.emplace_back();
    if (groups_[g].sharding != nullptr) add_weight_gathers(plan_, graph_, static_cast<int>(g), groups_[g]);
  }
  plan_.arena_bytes = lay_out(plan_.buffers, options_.guard_bytes);
}

}  // namespace convoy
