// A plan bound to memory: what is run, step after step, without allocating.
#pragma once

#include <functional>
#include <memory>

#include "core/parameters/parameter_storage.h"
#include "core/plan/plan.h"
#include "core/plan/run_action.h"
#include "core/plan/sharded_weights.h"
#include "core/plan/states.h"

namespace convoy {

class Program {
 public:
  // Storages that together hold all parameters.
  using Parameters = std::vector<const ParameterStorage*>;

  // arena: at least plan.arena_bytes of u8 on the device. Parameters and graph must outlive the program. Parameters are
  // found by name, so they may have been laid out for another graph of the same model; states, which a plan with states
  // needs, likewise.
  Program(const Graph& graph, Plan plan, const Parameters& parameters, const Tensor& arena,
          const States* states = nullptr);
  Program(const Graph& graph, Plan plan, const ParameterStorage& parameters, const Tensor& arena,
          const States* states = nullptr)
      : Program(graph, std::move(plan), Parameters{&parameters}, arena, states) {}

  // Who brings sharded weights together; before the first run of a program that needs them. Outlives the program.
  void gather_by(ShardedWeights& sharded) { sharded_ = &sharded; }

  // Called after every action, while its buffers still hold what it wrote.
  using AfterAction = std::function<void(const BoundAction&)>;
  void run(Pass& pass, const AfterAction& after = {}) const;
  // Actions [begin, end) of actions().
  void run(Pass& pass, size_t begin, size_t end) const;
  const std::vector<BoundAction>& actions() const { return actions_; }

  const Plan& plan() const { return plan_; }
  const Graph& graph() const { return graph_; }
  // By the graph input's name.
  Tensor input(const std::string& name) const;
  Tensor result() const { return result_; }
  // Of the losses that are the result, one each; absent where the result is something else.
  Tensor loss_weights() const { return loss_weights_; }
  // Of the plan's, by name; absent: there is none.
  Tensor output(const std::string& name) const;
  // Of a group, those of the plan.
  std::vector<Tensor> gradient_buckets(size_t group) const;

 private:
  BoundAction bind(const Action& action, const Parameters& parameters, const States* states) const;
  void bind_stored_parameters(LayerTensors& tensors, int node, const Parameters& parameters) const;
  Tensor bind(const TensorRef& ref) const;
  std::vector<Tensor> bind(const std::vector<TensorRef>& refs) const;

  const Graph& graph_;
  Plan plan_;
  Tensor arena_;
  std::vector<BoundAction> actions_;
  Tensor result_, loss_weights_;
  ShardedWeights* sharded_ = nullptr;
};

}  // namespace convoy
