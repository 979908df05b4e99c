// A graph with its parameters on a device and its programs: one trains, one only computes losses. Their plans share one
// arena.
#pragma once

#include <memory>

#include "core/comm/communicator.h"
#include "core/plan/program.h"

namespace convoy {

struct ModelOptions {
  DType dtype = DType::f32;
  bool training = true;  // false: losses only, no gradients and no optimizer state
  bool recompute_blocks = false;
  size_t guard_bytes = 0;
  ShardingOptions sharding;
};

// The bytes a Model allocates on the device.
struct ModelMemory {
  size_t parameters = 0, arena = 0;
  size_t total() const { return parameters + arena; }
};

class Model {
 public:
  // Plans before it allocates. Throws ConfigError if the device can never have so much memory.
  Model(Device& device, Stream& stream, Graph graph, const ModelOptions& options);

  const Graph& graph() const { return graph_; }
  const ParameterLayout& layout() const { return layout_; }
  ParameterStorage& parameters() { return *parameters_; }
  const ParameterStorage& parameters() const { return *parameters_; }
  const Program& training() const { return *training_; }  // only if options.training
  const Program& evaluation() const { return *evaluation_; }
  Tensor arena() const { return arena_; }

  // As planned from shapes.
  ModelMemory planned_memory() const { return planned_; }

 private:
  Graph graph_;
  ParameterLayout layout_;
  std::unique_ptr<Sharding> sharding_;  // null without training
  ModelMemory planned_;
  std::unique_ptr<ParameterStorage> parameters_;
  Memory memory_;
  Tensor arena_;
  std::unique_ptr<Program> training_, evaluation_;
};

}  // namespace convoy
