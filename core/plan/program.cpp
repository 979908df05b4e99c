#include "core/plan/program.h"

#include <fmt/format.h>

#include "core/base/error.h"

namespace convoy {

Program::Program(const Graph& graph, Plan plan, const ParameterStorage& parameters, const Tensor& arena,
                 const States* states)
    : graph_(graph), plan_(std::move(plan)), arena_(arena) {
  if (arena.bytes() < plan_.arena_bytes)
    throw InternalError(fmt::format("an arena of {} bytes for a plan of {}", arena.bytes(), plan_.arena_bytes));
  for (const Action& action : plan_.actions) actions_.push_back(bind(action, parameters, states));
  result_ = bind(plan_.result);
  loss_weights_ = bind(plan_.weights);
}

BoundAction Program::bind(const Action& action, const ParameterStorage& parameters, const States* states) const {
  BoundAction bound{.kind = action.kind, .node = action.node};
  bound.scratch = bind(action.scratch);
  bound.final_from = action.final_from;
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
  bind_stored_parameters(bound, action, parameters);
  return bound;
}

void Program::bind_stored_parameters(BoundAction& bound, const Action& action,
                                     const ParameterStorage& parameters) const {
  for (const ParameterSpec& spec : graph_.nodes()[static_cast<size_t>(action.node)].plan.parameters) {
    const int p = parameters.layout().find(spec.name);
    if (action.weights.empty() && parameters.weights()) bound.tensors.weights.push_back(parameters.weight(p));
    if (action.weight_gradients.empty() && parameters.gradients())
      bound.tensors.weight_gradients.push_back(parameters.gradient(p));
  }
}

std::vector<Tensor> Program::gradient_buckets() const { return bind(plan_.gradient_buckets); }

void Program::run(Pass& pass, const AfterAction& after) const {
  for (const BoundAction& action : actions_) {
    run_action(pass, action);
    if (after) after(action);
  }
}

void Program::run(Pass& pass, size_t begin, size_t end) const {
  for (size_t i = begin; i < end; ++i) run_action(pass, actions_[i]);
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
