#include "launcher/train/replay.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/logging.h"
#include "core/checkpoint/checkpoint_folder.h"
#include "core/metrics/metrics_file.h"
#include "launcher/config/validate.h"
#include "launcher/progress/console.h"
#include "launcher/run_folder.h"
#include "launcher/train/training_world.h"

namespace convoy {
namespace {

MetricsHistory recorded_run(const std::filesystem::path& metrics) {
  try {
    return read_metrics(metrics);
  } catch (const FileError& error) {
    throw ConfigError(fmt::format("there is no run to replay: {}; name a run folder", error.what()));
  }
}

StepMetrics recorded_step(const MetricsHistory& history, const std::filesystem::path& path, int64_t step) {
  const auto found = std::find_if(history.steps.begin(), history.steps.end(),
                                  [&](const StepMetrics& metrics) { return metrics.step == step; });
  if (found != history.steps.end()) return *found;
  throw ConfigError(fmt::format(
      "{} has no step {}; it has {}", path.string(), step,
      history.steps.empty() ? std::string("none")
                            : fmt::format("steps {} to {}", history.steps.front().step, history.steps.back().step)));
}

// Checkpoints that a rollback undid are gone, and what it went back to is still on the way: only the samples jump
// there.
std::vector<SampleSkip> skips_of(const MetricsHistory& history) {
  std::vector<SampleSkip> skips;
  for (const RollbackMetrics& rollback : history.rollbacks) skips.push_back({rollback.step, rollback.samples});
  return skips;
}

struct Start {
  std::string folder;         // of the checkpoint to begin from; empty: from initial weights
  int64_t virtual_ranks = 0;  // of the run; 0: no checkpoint tells
};

// Rank 0's part.
Start find_start(const Config& config, int64_t step) {
  Start start;
  const auto all = list_checkpoints(RunPaths(config.run.dir).checkpoints());
  for (auto candidate = all.rbegin(); candidate != all.rend() && start.folder.empty(); ++candidate) try {
      const bool is_before = candidate->first < step;
      const CheckpointReader reader(candidate->second, is_before);
      start.virtual_ranks = reader.position().virtual_ranks;
      if (is_before) start.folder = candidate->second.string();
    } catch (const CheckpointError& error) {
      logging::warn("checkpoint {} is skipped: {}", candidate->second.filename().string(), error.what());
    }
  return start;
}

class ReplayObserver final : public TrainingObserver {
 public:
  ReplayObserver(Console& console, int64_t step) : console_(console), step_(step) {}
  void on_step(const StepMetrics& metrics) override {
    last_ = metrics;
    if (metrics.step < step_) console_.live(fmt::format("step {} on the way to {}", metrics.step, step_));
  }
  const StepMetrics& last() const { return last_; }

 private:
  Console& console_;
  const int64_t step_;
  StepMetrics last_;
};

bool same_bits(double a, double b) {
  return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b) || (!std::isfinite(a) && !std::isfinite(b));
}

int compare(Console& console, const StepMetrics& recorded, const StepMetrics& found) {
  const bool same = same_bits(recorded.loss, found.loss) && same_bits(recorded.grad_norm, found.grad_norm);
  console.line(fmt::format("step {}: loss {}, gradient norm {}", found.step, found.loss, found.grad_norm));
  if (same) {
    console.line("these are the recorded bits");
    return static_cast<int>(ExitCode::done);
  }
  throw Error(
      ExitCode::wrong_bits,
      fmt::format("step {} was recorded with loss {}, gradient norm {}: other bits. Were the config changed, or "
                  "the program, the kind of processor or precision other ones, they would differ from the first "
                  "step on; otherwise a device computed wrong, then or now",
                  recorded.step, recorded.loss, recorded.grad_norm));
}

}  // namespace

int replay_step(Config config, Communicator& communicator, int64_t step) {
  const bool first = communicator.rank() == 0;
  const std::filesystem::path metrics = RunPaths(config.run.dir).metrics();
  const MetricsHistory history = recorded_run(metrics);
  const StepMetrics recorded = recorded_step(history, metrics, step);
  const Start found = first ? find_start(config, step) : Start{};
  const std::string folder = communicator.broadcast_text(found.folder, 0);
  int64_t V = found.virtual_ranks;
  communicator.broadcast_host(&V, sizeof V, 0);
  if (V == 0) V = virtual_ranks(config, communicator.size());
  check_ranks(config, V, communicator.size());

  config.train.stop_at = step;
  config.evaluate.every_steps = 0;
  config.guard.rollback = false;  // it is known where the run went back
  config.log.every_steps = 1;     // statistics of the one step that is checked
  TrainingWorld world(config, communicator);
  world.open_data();
  world.make_device();
  Console console(STDOUT_FILENO, find_terminal().present ? find_terminal().columns : 0);
  ReplayObserver observer(console, step);
  TrainerParts parts = world.parts(V);
  parts.observers = {&observer};
  parts.skips = skips_of(history);
  parts.debug_from_step = step;
  if (communicator.size() == 1) parts.debug_print = [&](const std::string& line) { console.line(line); };
  Trainer trainer(std::move(parts));
  if (!folder.empty()) trainer.resume(CheckpointReader(folder, false));
  if (first)
    console.line(fmt::format("replaying step {} from {}", step, folder.empty() ? "the initial weights" : folder));
  trainer.run();
  console.end_live();
  return first ? compare(console, recorded, observer.last()) : 0;
}

}  // namespace convoy
