// Clips the reduced gradients by their global norm and updates all parameters: three operators over flat storage.
#pragma once

#include "core/config/config.h"
#include "core/parameters/parameter_storage.h"

namespace convoy {

class AdamWOptimizer {
 public:
  AdamWOptimizer(Device& device, ParameterStorage& parameters, const OptimizerConfig& config, double clip_norm);
  static size_t planned_bytes(const ParameterLayout& layout);

  // Enqueues update number t (from 1). Call again only after the stream was synchronized.
  void step(Stream& stream, int64_t t, double lr);
  // (2) f32 on the device: norm before clipping, and the factor applied.
  Tensor norm_and_factor() const { return norm_and_factor_; }

 private:
  Ops& ops_;
  ParameterStorage& parameters_;
  OptimizerConfig config_;
  float clip_norm_;
  Memory memory_, schedule_on_host_;
  Tensor partials_, norm_and_factor_, schedule_;
};

}  // namespace convoy
