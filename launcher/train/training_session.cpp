#include "launcher/train/training_session.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <chrono>
#include <optional>

#include "comm/failure_report.h"
#include "comm/gradient_sync.h"
#include "comm/make_communicator.h"
#include "core/metrics/report.h"
#include "core/train/trainer.h"
#include "datasets/token_dataset.h"
#include "launcher/config/validate.h"
#include "launcher/config/write_config.h"
#include "launcher/device_choice.h"
#include "launcher/model_choice.h"
#include "launcher/progress/progress_text.h"
#include "launcher/progress/run_summary.h"
#include "launcher/report_errors.h"
#include "launcher/run_folder.h"
#include "launcher/signals.h"
#include "launcher/train/observers.h"
#include "launcher/train/resume_point.h"

namespace convoy {
namespace {

void resolve_vocabulary(Config& config, const TokenDataset& dataset) {
  const int64_t data = dataset.vocabulary(), model = config.model.vocabulary.value_or(data);
  if (model < data)
    throw ConfigError(
        fmt::format("model.vocabulary = {}, but the tokens in {} reach up to {}; write {} or more, or auto", model,
                    config.data.path, data - 1, data));
  config.model.vocabulary.value = model;
}

// A name that no earlier start of the run has used, the same on all ranks.
std::string make_nonce(Communicator& communicator) {
  const auto now = std::chrono::system_clock::now().time_since_epoch().count();
  return communicator.broadcast_text(fmt::format("{:x}-{:x}", now, getpid()), 0);
}

std::map<std::string, std::string> checkpoint_files(const Config& config, const TokenDataset& dataset) {
  const std::unique_ptr<Tokenizer> tokenizer = dataset.tokenizer();
  std::map<std::string, std::string> files{{"config.yaml", to_yaml(config)},
                                           {"config.json", huggingface_config(config, tokenizer->end_of_text())}};
  files.insert(tokenizer->file());
  return files;
}

class TrainingSession {
 public:
  TrainingSession(Config config, Communicator& communicator, bool debug)
      : config_(std::move(config)), communicator_(communicator), debug_(debug) {}

  int run() {
    check_start();
    TokenDataset& dataset = open_data();
    folder_.emplace(open_run_folder(config_, communicator_));
    if (first()) log_.open_file(RunPaths(config_.run.dir).log());
    const std::unique_ptr<CheckpointReader> checkpoint = find_resume_point(config_, communicator_);
    const int64_t V = resolve_virtual_ranks(config_, checkpoint.get(), communicator_.size());
    const int64_t resumed_step = checkpoint ? checkpoint->position().step : 0;
    make_device_and_communicator();
    CheckpointStore store({RunPaths(config_.run.dir).checkpoints(), communicator_.rank(), communicator_.size(),
                           config_.checkpoint.keep_last, make_nonce(communicator_)});
    std::unique_ptr<Observers> observers;
    if (first()) observers = std::make_unique<Observers>(config_, resumed_step, console_, log_);
    Trainer trainer(parts(dataset, V, store, observers.get()));
    if (checkpoint) trainer.resume(*checkpoint);
    trainer.prepare();
    if (first()) folder_->begin(config_);
    if (first()) introduce(trainer, dataset, V);
    // Told here, while everything stands: objects destroyed by an exception in the middle of a step could only say that
    // reductions are in flight.
    TrainingOutcome outcome = TrainingOutcome::finished;
    report_errors(communicator(), [&] {
      outcome = trainer.run();
      return 0;
    });
    console_.end_live();
    if (store.failure())
      throw CheckpointError(fmt::format("the last checkpoint could not be written: {}", *store.failure()));
    if (first()) conclude(outcome, trainer.position().step);
    return static_cast<int>(outcome == TrainingOutcome::stopped_by_signal ? ExitCode::saved_and_stopped
                                                                          : ExitCode::done);
  }

 private:
  bool first() const { return communicator_.rank() == 0; }
  // The ranks' own, or the one for their devices' memory.
  Communicator& communicator() { return device_communicator_ ? *device_communicator_ : communicator_; }

  // What can be refused at once is refused at once. A run that may be resumed has its own virtual ranks, known later.
  void check_start() const {
    choose_device(config_.device);
    if (config_.run.resume == Resume::never)
      check_ranks(config_, virtual_ranks(config_, communicator_.size()), communicator_.size());
  }

  TokenDataset& open_data() {
    dataset_ = open_token_dataset(config_.data.path, config_.model.context, static_cast<uint64_t>(config_.run.seed));
    resolve_vocabulary(config_, *dataset_);
    return *dataset_;
  }

  void make_device_and_communicator() {
    device_ = make_device(config_, communicator_);
    const DeviceKind kind = device_->info().kind;
    device_communicator_ = make_device_communicator(
        communicator_, {.device = kind,
                        .cuda_ordinal = kind == DeviceKind::cuda ? cuda_ordinal(communicator_) : 0,
                        .timeout_s = static_cast<double>(config_.parallel.timeout_s)});
  }

  TrainerParts parts(TokenDataset& dataset, int64_t V, CheckpointStore& store, const Observers* observers) {
    TrainerParts parts{.config = config_,
                       .device = *device_,
                       .communicator = communicator(),
                       .source = dataset,
                       .graph = make_loss_graph(config_)};
    parts.virtual_ranks = V;
    parts.make_gradient_sync = [this](const GradientSyncRequest& r) {
      return make_gradient_sync({r.communication, r.gradients, r.buckets, r.virtual_ranks,
                                 config_.parallel.reproducible,
                                 config_.parallel.gradient_dtype == GradientDType::bf16 ? DType::bf16 : DType::f32});
    };
    parts.checkpoints = &store;
    parts.checkpoint_files = checkpoint_files(config_, dataset);
    if (observers != nullptr) parts.observers = observers->all();
    parts.poll_stop = [this] { return signals_.poll(); };
    parts.who = identity();
    if (debug_) parts.debug_print = [this](const std::string& line) { console_.line(line); };
    return parts;
  }

  std::string identity() const {
    const DeviceInfo info = device_->info();
    return fmt::format("{} ({}{}{})", host_name(), info.name, info.serial.empty() ? "" : ", serial ", info.serial);
  }

  void introduce(Trainer& trainer, const TokenDataset& dataset, int64_t V) {
    RunFacts facts;
    facts.parameters = trainer.model().layout().parameter_count();
    facts.device = device_->info().name;
    facts.ranks = communicator_.size();
    facts.virtual_ranks = V;
    facts.memory_bytes = trainer.planned_bytes();
    facts.data = fmt::format("{} training tokens, {} in the vocabulary",
                             count_text(static_cast<double>(dataset.manifest().split(Split::train).tokens())),
                             dataset.vocabulary());
    facts.first_step = trainer.position().step;
    say(run_summary(config_, facts));
    for (const std::string& change : folder_->changes) say("changed since the last start: " + change);
  }

  void conclude(TrainingOutcome outcome, int64_t step) {
    const RunPaths paths(config_.run.dir);
    write_report(paths.folder, {{"Device", device_->info().name}, {"Ranks", fmt::format("{}", communicator_.size())}});
    switch (outcome) {
      case TrainingOutcome::finished:
        say(fmt::format("finished all {} steps", step));
        break;
      case TrainingOutcome::stopped_at:
        say(fmt::format("stopped after step {} as train.stop_at says", step));
        break;
      case TrainingOutcome::stopped_by_signal:
        say(fmt::format("stopped by a signal after step {}, saved", step));
        break;
    }
    say(fmt::format("run folder: {}", paths.folder.string()));
  }

  void say(const std::string& text) {
    console_.line(text);
    log_.file_line(text);
  }

  Config config_;
  Communicator& communicator_;
  bool debug_;
  Terminal terminal_ = find_terminal();
  Console console_{STDOUT_FILENO, terminal_.present ? terminal_.columns : 0};
  LogOutput log_{console_, communicator_.rank()};
  Signals signals_;
  std::optional<RunFolder> folder_;
  std::unique_ptr<TokenDataset> dataset_;
  std::unique_ptr<Device> device_;
  std::unique_ptr<Communicator> device_communicator_;  // null: communicator_ does for the device
};

}  // namespace

int run_training(Config config, Communicator& communicator, bool debug) {
  return TrainingSession(std::move(config), communicator, debug).run();
}

}  // namespace convoy
