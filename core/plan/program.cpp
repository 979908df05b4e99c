#include "core/plan/program.h"

#include <fmt/format.h>

#include "core/base/error.h"

namespace convoy {

Program::Program(const Graph& graph, Plan plan, const ParameterStorage& parameters, const Tensor& arena)
    : graph_(graph), plan_(std::move(plan)), arena_(arena) {
  if (arena.bytes() < plan_.arena_bytes)
    throw InternalError(fmt::format("an arena of {} bytes for a plan of {}", arena.bytes(), plan_.arena_bytes));
  const bool with_gradients = static_cast<bool>(parameters.gradients());
  for (const Action& action : plan_.actions) {
    BoundAction bound{action.kind, action.node,          graph.nodes()[static_cast<size_t>(action.node)].layer.get(),
                      {},          bind(action.scratch), action.final_from};
    bound.tensors = {bind(action.inputs),           bind(action.outputs),        bind(action.saved), {}, {},
                     bind(action.output_gradients), bind(action.input_gradients)};
    for (const ParameterSpec& spec : bound.layer->parameters()) {
      const int p = parameters.layout().find(spec.name);
      bound.tensors.weights.push_back(parameters.weight(p));
      if (with_gradients) bound.tensors.weight_gradients.push_back(parameters.gradient(p));
    }
    actions_.push_back(std::move(bound));
  }
  result_ = bind(plan_.result);
}

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

Tensor Program::bind(const TensorRef& ref) const {
  if (ref.buffer < 0) return {};
  const PlannedBuffer& buffer = plan_.buffers[static_cast<size_t>(ref.buffer)];
  return {arena_.as<std::byte>() + buffer.offset, ref.spec.dtype, ref.spec.shape};
}

std::vector<Tensor> Program::bind(const std::vector<TensorRef>& refs) const {
  std::vector<Tensor> tensors;
  for (const TensorRef& ref : refs) tensors.push_back(bind(ref));
  return tensors;
}

}  // namespace convoy
