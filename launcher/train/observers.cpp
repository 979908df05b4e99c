#include "launcher/train/observers.h"

#include <fmt/format.h>

#include <optional>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/logging.h"
#include "core/metrics/metrics_file.h"
#include "launcher/profile/step_profiler.h"
#include "launcher/progress/progress_observers.h"
#include "launcher/report/tensorboard_file.h"
#include "launcher/run_folder.h"

namespace convoy {

namespace {

// A resumed run and `replay` read it again: a run that could not write it is not begun. In the middle of one a failure
// costs lines, not the run.
std::unique_ptr<TrainingObserver> open_metrics(const RunPaths& paths, const TrainingPosition& start) try {
  return std::make_unique<MetricsFile>(paths.metrics(), start.step, start.guard.rollbacks);
} catch (const FileError& error) {
  throw ConfigError(fmt::format("run.dir = {} takes no metrics, which --resume and replay want: {}",
                                paths.folder.string(), error.what()));
}

}  // namespace

class Observers::Last final : public TrainingObserver {
 public:
  void on_evaluation(const EvaluationMetrics& metrics) override { validation = metrics; }
  void on_final(const FinalMetrics& metrics) override {
    for (const auto& [split, evaluation] : metrics.splits)
      if (split == "validation") validation = evaluation;
  }
  void on_rollback(const RollbackMetrics&) override { validation.reset(); }

  std::optional<EvaluationMetrics> validation;
};

const EvaluationMetrics* Observers::validation() const { return last_->validation ? &*last_->validation : nullptr; }

Observers::Observers(const Config& config, const RunLength& length, const TrainingPosition& start, Console& console,
                     LogOutput& log) {
  const RunPaths paths(config.run.dir);
  observers_.push_back(open_metrics(paths, start));
  if (config.log.tensorboard) try {
      observers_.push_back(std::make_unique<TensorBoardFile>(paths.folder, start.step));
    } catch (const FileError& error) {
      logging::warn("TensorBoard is told nothing of this start: {}", error.what());
    }
  observers_.push_back(make_progress(config, length, [&log](std::string_view line) { log.file_line(line); }));
  observers_.push_back(make_progress(config, length, console));
  auto last = std::make_unique<Last>();
  last_ = last.get();
  observers_.push_back(std::move(last));
}

void Observers::profile(Device& device, const Config& config, Console& console) {
  observers_.push_back(
      std::make_unique<StepProfiler>(device, config.log.profile_steps, RunPaths(config.run.dir), console));
}

std::vector<TrainingObserver*> Observers::all() const {
  std::vector<TrainingObserver*> all;
  for (const auto& observer : observers_) all.push_back(observer.get());
  return all;
}

}  // namespace convoy
