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
#include "core/checkpoint/open_together.h"
#include "core/comm/work_together.h"
#include "core/metrics/metrics_file.h"
#include "launcher/base_model.h"
#include "launcher/config/validate.h"
#include "launcher/model_and_data.h"
#include "launcher/progress/console.h"
#include "launcher/run_folder.h"
#include "launcher/train/references.h"
#include "launcher/train/training_parts.h"
#include "launcher/trained_model.h"

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
  std::string newest;         // checkpoint that can be read; empty: there is none
  std::string data;           // of the newest checkpoint; empty: none tells
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
      if (start.newest.empty()) start.newest = candidate->second.string();
      if (start.data.empty()) start.data = reader.position().data;
      if (is_before) start.folder = candidate->second.string();
    } catch (const CheckpointError& error) {
      logging::warn("checkpoint {} is skipped: {}", candidate->second.filename().string(), error.what());
    }
  return start;
}

Start find_start_together(const Config& config, int64_t step, Communicator& communicator) {
  Start found;
  work_together(communicator,
                {"verifying the checkpoint to begin from", static_cast<double>(config.checkpoint.timeout_s), {}}, [&] {
                  if (communicator.rank() == 0) found = find_start(config, step);
                });
  for (std::string* text : {&found.folder, &found.newest, &found.data}) *text = communicator.broadcast_text(*text, 0);
  communicator.broadcast_host(&found.virtual_ranks, sizeof found.virtual_ranks, 0);
  return found;
}

enum class DataFound { the_runs, another, unknown };

// Is the data that of every step from the start to the one that is replayed? Where it may be, it can be another.
DataFound compare_data(const Config& config, const Dataset& data, const Start& start, const MetricsHistory& history,
                       int64_t step) {
  if (start.newest.empty())
    check_vocabulary(config, data);
  else
    check_model_and_data(CheckpointReader(start.newest, false), config, data);
  const int64_t from = start.folder.empty() ? 0 : CheckpointReader(start.folder, false).position().step;
  std::vector<int64_t> first_of_its_data{from + 1};
  for (const DataChangeMetrics& change : history.data_changes)
    if (change.step > from && change.step < step) first_of_its_data.push_back(change.step + 1);
  bool another = false;
  for (const int64_t first : first_of_its_data)
    another |= check_same_data(
        {fmt::format("step {} of the run in {}", first, config.run.dir), history.data_of(first, start.data)}, config,
        data);
  if (another) return DataFound::another;
  return history.data_of(step, start.data).empty() ? DataFound::unknown : DataFound::the_runs;
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

int compare(Console& console, const StepMetrics& recorded, const StepMetrics& found, DataFound data) {
  const bool same = same_bits(recorded.loss, found.loss) && same_bits(recorded.grad_norm, found.grad_norm);
  console.line(fmt::format("step {}: loss {}, gradient norm {}", found.step, found.loss, found.grad_norm));
  if (same) {
    console.line("these are the recorded bits");
    return static_cast<int>(ExitCode::done);
  }
  if (data == DataFound::another)
    throw DataError(fmt::format("step {} was recorded with loss {}, gradient norm {}: other bits, from other data",
                                recorded.step, recorded.loss, recorded.grad_norm));
  throw Error(
      ExitCode::wrong_bits,
      fmt::format("step {} was recorded with loss {}, gradient norm {}: other bits. Were {}the config changed, or "
                  "the program, the kind of processor or precision other ones, they would differ from the first "
                  "step on; otherwise a device computed wrong, then or now",
                  recorded.step, recorded.loss, recorded.grad_norm,
                  data == DataFound::unknown ? "the data, of which no checkpoint tells, or " : ""));
}

}  // namespace

int replay_step(Config config, Communicator& communicator, int64_t step) {
  const bool first = communicator.rank() == 0;
  const std::filesystem::path metrics = RunPaths(config.run.dir).metrics();
  const MetricsHistory history = recorded_run(metrics);
  const StepMetrics recorded = recorded_step(history, metrics, step);
  const Start start = find_start_together(config, step, communicator);
  const int64_t V = start.virtual_ranks > 0 ? start.virtual_ranks : virtual_ranks(config, communicator.size());
  check_ranks(config, V, communicator.size());

  config.train.stop_at = step;
  // The loss of evaluations means nothing to the step, unless the learning rate follows it.
  if (!config.schedule.kind.make()->follows_evaluations()) config.evaluate.batches = 0;
  config.guard.rollback = false;  // it is known where the run went back
  config.log.every_steps = 1;     // statistics of the one step that is checked
  const OpenedData opened = open_training_data(config, communicator);
  const std::unique_ptr<Dataset>& dataset = opened.data;
  const DataFound data = compare_data(config, *dataset, start, history, step);
  TrainingMachine machine(config, communicator);
  Console console(STDOUT_FILENO, find_terminal().present ? find_terminal().columns : 0);
  ReplayObserver observer(console, step);
  const auto newest = start.newest.empty() ? nullptr : std::make_unique<CheckpointReader>(start.newest, false);
  References references({.config = config,
                         .pairs = opened.pairs,
                         .ranks = communicator,
                         .device = machine.device(),
                         .checkpoint = newest.get(),
                         .folder = RunPaths(config.run.dir).reference(),
                         .console = console});
  references.provide(splits_of_training(config, *dataset));
  TrainerParts parts = trainer_parts(config, *dataset, machine, V, base_record_of(newest.get()));
  parts.operator_choices = operator_choices_of(newest.get());
  if (newest && first) warn_of_other_device(*newest, machine.device());
  parts.observers = {&observer};
  parts.skips = skips_of(history);
  parts.debug_from_step = step;
  if (communicator.size() == 1) parts.debug_print = [&](const std::string& line) { console.line(line); };
  Trainer trainer(std::move(parts));
  if (!start.folder.empty())
    trainer.resume(*open_together(communicator, start.folder, false, static_cast<double>(config.checkpoint.timeout_s)));
  if (first)
    console.line(
        fmt::format("replaying step {} from {}", step, start.folder.empty() ? "the initial weights" : start.folder));
  trainer.run();
  console.end_live();
  return first ? compare(console, recorded, observer.last(), data) : 0;
}

}  // namespace convoy
