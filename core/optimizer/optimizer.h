// How weights follow gradients: the update of an owned range. What does not depend on that, the norm of all gradients,
// clipping, replaying, who owns what, is OptimizerStep's. To add one that works element by element: a rule
// (core/optimizer/rules) and its maker (like lion.cpp), and a line in kinds.cpp. One of whole matrices: like muon.cpp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/device/stream.h"
#include "core/ops/ops.h"
#include "core/ops/optimizer_update.h"
#include "core/tensor/tensor.h"

namespace convoy {

// A range of n elements of flat storage that a rank updates.
struct UpdateTensors {
  Tensor weights;               // (n) f32, or bf16 that are rounded from master
  Tensor master;                // (n) f32; absent if weights are f32
  Tensor gradient;              // (n) f32
  std::vector<Tensor> states;   // (n) f32 or bf16, in the order of states()
  Tensor decays;                // (ceil(n / kParameterBlock)) u8: 1 where weight decay applies
  Tensor norm_and_factor;       // ClipFactor's: gradients are multiplied by the factor; if it is NaN nothing changes
  Tensor numbers;               // numbers() of the step, on the device
  float weight_decay = 0;       // of this range's group
  StateRounding rounding = {};  // where states are bf16
};

class MatrixOptimizer;

class Optimizer {
 public:
  virtual ~Optimizer() = default;

  // As config and checkpoints call it.
  virtual std::string_view name() const = 0;
  // What it keeps of every element from step to step, at most two numbers, zero before the first.
  virtual std::vector<std::string> states() const = 0;
  // Those of the config, before a schedule or a group changes them.
  virtual double learning_rate() const = 0;
  virtual double weight_decay() const = 0;
  // It, if it steps along whole matrices (matrix_optimizer.h), and null if it works element by element.
  virtual const MatrixOptimizer* of_matrices() const { return nullptr; }

  // What changes from step to step: numbers of update t (from 1) with this learning rate. Always as many. They lie in
  // device memory, since work that is enqueued may be replayed.
  virtual std::vector<float> numbers(int64_t t, double lr) const = 0;
  // Has the device what update() runs? If not: the name of what it lacks.
  virtual std::string missing(const Ops& ops) const = 0;
  virtual void update(Ops& ops, Stream& stream, const UpdateTensors& tensors) const = 0;
};

}  // namespace convoy
