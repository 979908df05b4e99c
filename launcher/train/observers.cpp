#include "launcher/train/observers.h"

#include "core/metrics/metrics_file.h"
#include "core/metrics/tensorboard_file.h"
#include "launcher/progress/progress_observers.h"
#include "launcher/run_folder.h"

namespace convoy {

Observers::Observers(const Config& config, const TrainingPosition& start, Console& console, LogOutput& log) {
  const RunPaths paths(config.run.dir);
  observers_.push_back(std::make_unique<MetricsFile>(paths.metrics(), start.step, start.guard.rollbacks));
  if (config.log.tensorboard) observers_.push_back(std::make_unique<TensorBoardFile>(paths.folder, start.step));
  observers_.push_back(std::make_unique<PlainProgress>(config, [&log](std::string_view line) { log.file_line(line); }));
  if (console.has_live_line())
    observers_.push_back(std::make_unique<LiveProgress>(config, console));
  else
    observers_.push_back(
        std::make_unique<PlainProgress>(config, [&console](std::string_view line) { console.line(line); }));
}

std::vector<TrainingObserver*> Observers::all() const {
  std::vector<TrainingObserver*> all;
  for (const auto& observer : observers_) all.push_back(observer.get());
  return all;
}

}  // namespace convoy
