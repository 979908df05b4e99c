// Clips the reduced gradients by their global norm and updates what this rank owns: a few operators over each of its
// ranges. Where ranks own different parts, their parts of the norm are brought together in between; the norm has the
// same bits for any number of ranks.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "core/comm/communication.h"
#include "core/device/recurring_work.h"
#include "core/optimizer/matrix_update.h"
#include "core/optimizer/optimizer.h"
#include "core/parameters/parameter_storage.h"
#include "core/parameters/state_names.h"

namespace convoy {

// Parameters that are updated alike.
struct OptimizedGroup {
  ParameterStorage& parameters;        // its first states are the optimizer's, behind them may come the average
  double lr_scale = 1;                 // of the learning rate
  std::optional<double> weight_decay;  // absent: the optimizer's
  ParameterRole role = ParameterRole::learned;  // statistics have no part in the norm, and are updated as they are
  bool matrices = false;                        // hidden matrices, which an optimizer of such treats
};

// Such a group that learns, without memory.
struct OptimizedLayout {
  const ParameterLayout& layout;
  const Sharding& sharding;
  bool matrices = false;
};

struct OptimizerStepOptions {
  double clip_norm = 0;            // largest norm of all gradients together; 0: any
  double ema_decay = 0;            // of the moving average of the weights; 0: there is none
  DType state_dtype = DType::f32;  // of the states
};

class OptimizerStep {
 public:
  // Everything outlives this. Throws ConfigError if the device cannot do the optimizer's update.
  OptimizerStep(Communication& communication, std::vector<OptimizedGroup> groups, const Optimizer& optimizer,
                const OptimizerStepOptions& options);
  static MemoryUse planned_memory(const std::vector<OptimizedLayout>& groups, const Optimizer& optimizer,
                                  const Ops& ops, DType state_dtype);
  // By a rank in a step, core/comm/bytes_sent.h.
  static size_t sent_bytes(const std::vector<OptimizedLayout>& groups);

  // Updates number t (from 1). Call again only after the compute stream was synchronized. capture: the device may
  // replay what is enqueued, from the third call on, instead of enqueuing it anew.
  void step(int64_t t, double lr, bool capture);
  // The gradients of a step are made for a loss that divides by nominal_weight; it should be what `weight`, (1) f32 on
  // the device, then holds. Before the first step.
  void divide_by(const Tensor& weight, double nominal_weight);
  // States in bf16 are rounded by the run's seed. Before the first step.
  void round_by(uint64_t seed) { seed_ = seed; }
  // (2) f32 on the device: norm before clipping, and the factor applied.
  Tensor norm_and_factor() const { return norm_and_factor_; }

 private:
  struct Group {
    OptimizedGroup parts;
    Tensor numbers;   // the step's
    Tensor partials;  // sums of squares of its gradients, one per block of all ranks
    float weight_decay = 0;
    uint32_t stream = 0;                               // of its random numbers
    std::vector<UpdateTensors> updates = {};           // of what this rank owns
    std::unique_ptr<MatrixUpdate> matrix_update = {};  // absent: element by element

    bool learns() const { return parts.role == ParameterRole::learned; }
  };

  void place(std::vector<OptimizedGroup> groups);
  void add_group(const OptimizedGroup& group, const Tensor& numbers, const Tensor& partials);
  void add_matrix_updates(const MatrixUpdate::Memory& sizes, const Tensor& memory);
  void run(RecurringWork& part, bool capture);
  void sum_squares();
  void bring_norm_together(int64_t t);
  void update();
  void average(bool matrices);
  const Optimizer& optimizer_of(const OptimizedGroup& group) const;
  UpdateTensors tensors_of(const Group& group, const OwnedRange& range) const;
  void average(const Group& group, const OwnedRange& range);

  Communication& communication_;
  Ops& ops_;
  Stream& compute_;
  const Optimizer& optimizer_;
  const float clip_norm_, average_rate_;  // rate: 0: there is no average
  const DType state_dtype_;
  uint64_t seed_ = 0;
  Memory memory_, numbers_on_host_;
  std::vector<Group> groups_;
  Tensor partials_, norm_and_factor_, numbers_, weight_;
  Tensor rounding_key_;  // of the step; absent for states in f32
  Tensor no_factor_;     // as norm_and_factor, for statistics: the factor is 1, or NaN where it is NaN
  float nominal_weight_ = 1;
  bool sharded_ = false;
  RecurringWork norm_, update_;   // what comes before and after communication
  RecurringWork matrix_average_;  // what comes after the update of matrices
};

}  // namespace convoy
