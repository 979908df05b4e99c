// A graph with its parameters on a device and its programs: one trains, one only computes losses. Their plans share one
// arena.
#pragma once

#include <memory>
#include <vector>

#include "core/comm/communicator.h"
#include "core/plan/program.h"
#include "core/train/model_plan.h"

namespace convoy {

class Model {
 public:
  // Gives the plan memory. Throws ConfigError, before it allocates, if the device can never have so much.
  Model(Device& device, Stream& stream, ModelPlan plan);
  // Plans for the device's operators.
  Model(Device& device, Stream& stream, Graph graph, const ModelOptions& options)
      : Model(device, stream, ModelPlan(device.ops(), std::move(graph), options)) {}

  const ModelPlan& plan() const { return plan_; }
  const Graph& graph() const { return plan_.graph(); }
  const ParameterLayout& layout() const { return plan_.layout(); }
  // Of the groups that are trained, in the plan's order; none without training.
  const std::vector<std::unique_ptr<ParameterStorage>>& groups() const { return groups_; }
  // Of what is not, in the plan's order.
  const std::vector<std::unique_ptr<ParameterStorage>>& kept() const { return kept_; }
  // Those of the groups, then of what is kept.
  std::vector<ParameterStorage*> storages() const;
  // Where there is but one.
  ParameterStorage& parameters() const;
  const Program& training() const { return *training_; }  // only if it was planned
  const Program& evaluation() const { return *evaluation_; }
  Tensor arena() const { return arena_; }
  // As Program's, for both.
  void gather_by(ShardedWeights& sharded);

 private:
  ModelPlan plan_;
  std::vector<std::unique_ptr<ParameterStorage>> groups_, kept_;
  Memory memory_;
  Tensor arena_;
  std::unique_ptr<Program> training_, evaluation_;
};

}  // namespace convoy
