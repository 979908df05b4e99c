#include "core/plan/program.h"

#include <fmt/format.h>

#include "core/base/error.h"

namespace convoy {

Program::Program(const Graph& graph, Plan plan, const Parameters& parameters, const Tensor& arena, const States* states)
    : graph_(graph), plan_(std::move(plan)), arena_(arena) {
  if (arena.bytes() < plan_.arena_bytes)
    throw InternalError(fmt::format("an arena of {} bytes for a plan of {}", arena.bytes(), plan_.arena_bytes));
  for (const Action& action : plan_.actions) actions_.push_back(bind(action, parameters, states));
  result_ = bind(plan_.result);
  loss_weights_ = bind(plan_.weights);
}

BoundAction Program::bind(const Action& action, const Parameters& parameters, const States* states) const {
  BoundAction bound{.kind = action.kind, .node = action.node, .for_own_backward = action.for_own_backward};
  bound.scratch = bind(action.scratch);
  bound.final_from = action.final_from;
  bound.group = action.group;
  bound.bucket = action.bucket;
  bound.bucket_memory = bind(action.bucket_memory);
  if (action.node < 0) return bound;
  bound.layer = graph_.nodes()[static_cast<size_t>(action.node)].layer.get();
  bound.tensors.inputs = bind(action.inputs);
  bound.tensors.outputs = bind(action.outputs);
  bound.tensors.saved = bind(action.saved);
  for (const StateSpec& state : action.states) {
    if (states == nullptr) throw InternalError(fmt::format("a program without states needs {}", state.name));
    bound.tensors.states.push_back(states->find(state));
  }
  bound.tensors.weights = bind(action.weights);
  bound.tensors.weight_gradients = bind(action.weight_gradients);
  bound.tensors.output_gradients = bind(action.output_gradients);
  bound.tensors.input_gradients = bind(action.input_gradients);
  bind_stored_parameters(bound.tensors, action.node, parameters);
  return bound;
}

// Those that do not lie in the arena. What nobody keeps, such as gradients of frozen parameters, stays absent.
void Program::bind_stored_parameters(LayerTensors& tensors, int node, const Parameters& parameters) const {
  const std::vector<ParameterSpec>& specs = graph_.nodes()[static_cast<size_t>(node)].plan.parameters;
  tensors.weights.resize(specs.size());
  tensors.weight_gradients.resize(specs.size());
  for (size_t i = 0; i < specs.size(); ++i)
    for (const ParameterStorage* storage : parameters) {
      const int p = storage->layout().find_or_elsewhere(specs[i].name);
      if (p == ParameterLayout::kElsewhere) continue;
      if (!tensors.weights[i] && storage->weights()) tensors.weights[i] = storage->weight(p);
      if (!tensors.weight_gradients[i] && storage->gradients()) tensors.weight_gradients[i] = storage->gradient(p);
    }
}

std::vector<Tensor> Program::gradient_buckets(size_t group) const { return bind(plan_.gradient_buckets[group]); }

void Program::run(Pass& pass, const AfterAction& after) const {
  for (const BoundAction& action : actions_) {
    run_action(pass, action, sharded_);
    if (after) after(action);
  }
}

void Program::run(Pass& pass, size_t begin, size_t end) const {
  for (size_t i = begin; i < end; ++i) run_action(pass, actions_[i], sharded_);
}

Tensor Program::input(const std::string& name) const {
  for (const TensorRef& ref : plan_.graph_inputs)
    if (plan_.buffers[static_cast<size_t>(ref.buffer)].what == name) return bind(ref);
  throw InternalError(fmt::format("the program has no input named {}", name));
}

Tensor Program::output(const std::string& name) const {
  const auto found = plan_.outputs.find(name);
  return found == plan_.outputs.end() ? Tensor() : bind(found->second);
}

Tensor Program::bind(const TensorRef& ref) const {
  if (ref.buffer < 0) return {};
  const PlannedBuffer& buffer = plan_.buffers[static_cast<size_t>(ref.buffer)];
  return {arena_.as<std::byte>() + buffer.offset + ref.offset, ref.spec.dtype, ref.spec.shape};
}

std::vector<Tensor> Program::bind(const std::vector<TensorRef>& refs) const {
  std::vector<Tensor> tensors;
  for (const TensorRef& ref : refs) tensors.push_back(bind(ref));
  return tensors;
}

}  // namespace convoy
