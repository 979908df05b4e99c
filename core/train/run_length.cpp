#include "core/train/run_length.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/integers.h"

namespace convoy {
namespace {

int64_t steps_of_epochs(int64_t epochs, int64_t samples, int64_t global_batch) {
  const double all = static_cast<double>(epochs) * static_cast<double>(samples);
  if (all > 9e15 || all / static_cast<double>(global_batch) > kMostSteps)
    throw ConfigError(fmt::format("train.epochs = {} of {} samples are {:.3g} steps; {:.0e} are the most", epochs,
                                  samples, all / static_cast<double>(global_batch), kMostSteps));
  return ceil_div(epochs * samples, global_batch);
}

}  // namespace

RunLength::RunLength(const Config& config, int64_t samples)
    : steps_(config.train.steps.value_or(TrainConfig::kSteps)), epochs_(config.train.epochs) {
  samples_ = samples, global_batch_ = config.batch.global;
  if (by_epochs()) steps_ = steps_of_epochs(epochs_, samples_, global_batch_);
  evaluate_ = every(config.evaluate.every_steps, EvaluateConfig::kEverySteps, config.evaluate.every_epochs);
  const CheckpointConfig& checkpoint = config.checkpoint;
  save_ = every(checkpoint.every_steps, CheckpointConfig::kEverySteps, checkpoint.every_epochs.value_or(1));
  // What a rollback goes back to may not depend on a clock.
  save_by_time_ = save_.epochs > 0 && !checkpoint.every_epochs.value && !config.guard.rollback;
}

RunLength::Every RunLength::every(const Auto& steps, int64_t automatic, int64_t epochs) const {
  if (steps.value) return {.steps = *steps.value};
  return by_epochs() ? Every{.epochs = epochs} : Every{.steps = automatic};
}

int64_t RunLength::epochs_done(int64_t step) const {
  return by_epochs() && step > 0 ? std::min(epochs_, step * global_batch_ / samples_) : 0;
}

double RunLength::epoch_of(int64_t step) const {
  if (!by_epochs()) return 0;
  const double walked = static_cast<double>(step) * static_cast<double>(global_batch_) / static_cast<double>(samples_);
  return std::min(static_cast<double>(epochs_), walked);
}

bool RunLength::Every::due(const RunLength& run, int64_t step) const {
  if (steps > 0) return step % steps == 0;
  return epochs > 0 && run.epochs_done(step) / epochs > run.epochs_done(step - 1) / epochs;
}

int64_t RunLength::evaluations_after(int64_t step) const {
  if (evaluate_.steps > 0) return std::max<int64_t>(0, steps_ / evaluate_.steps - step / evaluate_.steps);
  if (evaluate_.epochs > 0) return epochs_ / evaluate_.epochs - epochs_done(step) / evaluate_.epochs;
  return 0;
}

int64_t evaluated_batches(const Config& config) {
  return config.evaluate.batches.value_or(config.train.epochs > 0 ? 0 : EvaluateConfig::kBatches);
}

bool evaluates(const Config& config) { return config.evaluate.batches.value_or(1) > 0; }

}  // namespace convoy
