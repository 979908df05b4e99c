// Clips the reduced gradients by their global norm and updates what this rank owns: three operators over each of its
// ranges. Where ranks own different parts, their parts of the norm are brought together in between; the norm has the
// same bits for any number of ranks.
#pragma once

#include "core/comm/communication.h"
#include "core/config/config.h"
#include "core/device/replay.h"
#include "core/ops/adamw.h"
#include "core/parameters/parameter_storage.h"

namespace convoy {

class AdamWOptimizer {
 public:
  AdamWOptimizer(Communication& communication, ParameterStorage& parameters, const OptimizerConfig& config,
                 double clip_norm);
  static size_t planned_bytes(const ParameterLayout& layout);

  // Updates number t (from 1). Call again only after the compute stream was synchronized. record: the device may replay
  // what is enqueued, from the third call on, instead of enqueuing it anew.
  void step(int64_t t, double lr, bool record);
  // The gradients of a step are made for a loss that divides by nominal_weight; it should be what `weight`, (1) f32 on
  // the device, then holds. Before the first step.
  void divide_by(const Tensor& weight, double nominal_weight);
  // (2) f32 on the device: norm before clipping, and the factor applied.
  Tensor norm_and_factor() const { return norm_and_factor_; }

 private:
  void run(Replay& part, bool record);
  void sum_squares();
  void bring_norm_together(int64_t t);
  void update();
  AdamW update_of(const OwnedRange& range) const;

  Communication& communication_;
  Ops& ops_;
  Stream& compute_;
  ParameterStorage& parameters_;
  OptimizerConfig config_;
  float clip_norm_;
  Memory memory_, schedule_on_host_;
  Tensor partials_, norm_and_factor_, schedule_, weight_;
  float nominal_weight_ = 1;
  Replay norm_, update_;  // what comes before and after communication
};

}  // namespace convoy
