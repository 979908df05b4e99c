// Everyone who watches a run on rank 0: the terminal, log.txt, metrics.jsonl, TensorBoard.
#pragma once

#include <memory>
#include <vector>

#include "core/checkpoint/checkpoint.h"
#include "core/config/config.h"
#include "core/device/device.h"
#include "core/metrics/training_events.h"
#include "core/train/run_length.h"
#include "launcher/log_output.h"
#include "launcher/progress/console.h"

namespace convoy {

class Observers {
 public:
  // start: a new run's is step 0. Console and log must outlive the observers. Throws ConfigError if metrics.jsonl
  // cannot be written; TensorBoard is done without, with a warning.
  Observers(const Config& config, const RunLength& length, const TrainingPosition& start, Console& console,
            LogOutput& log);

  // One more observer, which times operators: before the model is made.
  void profile(Device& device, const Config& config, Console& console);

  std::vector<TrainingObserver*> all() const;
  // The last evaluation of the validation split in this start, at the end that of the weights that stay; null: none.
  const EvaluationMetrics* validation() const;

 private:
  class Last;
  std::vector<std::unique_ptr<TrainingObserver>> observers_;
  const Last* last_;  // one of them
};

}  // namespace convoy
