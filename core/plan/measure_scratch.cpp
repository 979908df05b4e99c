#include "core/base/error.h"
#include "core/plan/planner.h"
#include "core/plan/run_action.h"

namespace convoy {
namespace {

// A layer that is measured enqueues nothing.
class NoStream final : public Stream {
 public:
  void record(Event&) override { fail(); }
  void wait(Event&) override { fail(); }
  void run(std::function<void()>) override { fail(); }
  void copy(void*, const void*, size_t) override { fail(); }
  void copy_2d(void*, size_t, const void*, size_t, size_t, size_t) override { fail(); }
  void zero(void*, size_t) override { fail(); }
  void synchronize() override { fail(); }

 private:
  [[noreturn]] static void fail() { throw InternalError("a layer uses its stream while it is planned"); }
};

std::vector<Tensor> unbound(const std::vector<TensorRef>& refs) {
  std::vector<Tensor> tensors;
  for (const TensorRef& ref : refs) tensors.push_back(ref.spec.unbound());
  return tensors;
}

}  // namespace

void Planner::measure_scratch(Action& action) {
  BoundAction bound{.kind = action.kind,
                    .node = action.node,
                    .for_own_backward = action.for_own_backward,
                    .layer = node_at(action.node).layer.get()};
  bound.tensors = {unbound(action.inputs),           unbound(action.outputs),        unbound(action.saved), {}, {}, {},
                   unbound(action.output_gradients), unbound(action.input_gradients)};
  for (const StateSpec& state : action.states) bound.tensors.states.push_back(state.spec.unbound());
  const std::vector<ParameterSpec>& parameters = node_at(action.node).plan.parameters;
  for (size_t p = 0; p < parameters.size(); ++p) {
    bound.tensors.weights.push_back({nullptr, parameters[p].dtype(options_.weights), parameters[p].shape});
    const Tensor gradient{nullptr, DType::f32, parameters[p].shape};
    bound.tensors.weight_gradients.push_back(is_trained(action.node, p) ? gradient : Tensor{});
  }
  NoStream none;
  Pass pass{
      .ops = ops_, .stream = none, .measuring = true, .observer = &options_.observer, .training = options_.trains()};
  pass.node = node_at(action.node).name;
  run_action(pass, bound);
  const auto bytes = static_cast<int64_t>(pass.scratch.peak_bytes());
  if (bytes > 0)
    action.scratch = new_buffer("scratch of " + node_at(action.node).name, {DType::u8, {bytes}}, BufferKind::scratch);
}

}  // namespace convoy
