// Times the operators of some steps of a run on rank 0 (log.profile_steps), once the first ones have warmed up.
#pragma once

#include "core/device/device.h"
#include "core/metrics/training_events.h"
#include "core/plan/operator_profile.h"
#include "launcher/plan/time/operator_bench.h"
#include "launcher/progress/console.h"
#include "launcher/run_folder.h"

namespace convoy {

class StepProfiler final : public TrainingObserver {
 public:
  // Measures the device's ceilings, so before a model fills its memory. Writes the paths' profile_text() and
  // profile_json() when the steps are done, and says so on the console. Device and console outlive this.
  StepProfiler(Device& device, int64_t steps, RunPaths paths, Console& console);
  // Warns if the start ended before.
  ~StepProfiler() override;
  StepProfiler(const StepProfiler&) = delete;
  StepProfiler& operator=(const StepProfiler&) = delete;

  void on_step(const StepMetrics& step) override;

 private:
  void write();

  std::string device_;
  Ceilings ceilings_;
  OperatorProfile profile_;
  int64_t steps_, seen_ = 0;
  double ms_ = 0;  // of the steps that are timed
  RunPaths paths_;
  Console& console_;
};

}  // namespace convoy
