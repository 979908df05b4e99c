#include "launcher/train/training_session.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <utility>

#include "comm/make_communicator.h"
#include "core/base/disk_space.h"
#include "core/base/logging.h"
#include "core/checkpoint/open_together.h"
#include "core/comm/work_together.h"
#include "core/config/precision.h"
#include "core/parameters/state_names.h"
#include "core/train/make_mesh.h"
#include "core/train/trainer.h"
#include "launcher/base_model.h"
#include "launcher/config/validate.h"
#include "launcher/config/write_config.h"
#include "launcher/device_choice.h"
#include "launcher/model_and_data.h"
#include "launcher/model_files.h"
#include "launcher/progress/progress_text.h"
#include "launcher/progress/run_summary.h"
#include "launcher/report/report.h"
#include "launcher/report/shown_samples.h"
#include "launcher/report_errors.h"
#include "launcher/run_folder.h"
#include "launcher/signals.h"
#include "launcher/train/observers.h"
#include "launcher/train/references.h"
#include "launcher/train/resume_point.h"
#include "launcher/train/training_parts.h"
#include "launcher/trained_model.h"

namespace convoy {
namespace {

// A name that no earlier start of the run has used, the same on all ranks.
std::string make_nonce(Communicator& communicator) {
  const auto now = std::chrono::system_clock::now().time_since_epoch().count();
  return communicator.broadcast_text(fmt::format("{:x}-{:x}", now, getpid()), 0);
}

// companions: of the model that the run began with.
std::map<std::string, std::string> checkpoint_files(const Config& config, const Dataset& dataset,
                                                    const std::map<std::string, std::string>& companions) {
  std::map<std::string, std::string> files = dataset.files();
  files.insert(companions.begin(), companions.end());
  files.emplace("config.yaml", to_yaml(config));
  files.merge(data_folder_files(config));
  const std::unique_ptr<Tokenizer> tokenizer = dataset.tokenizer();
  const std::string peer_config =
      config.model.family->peer_config(compute_dtype(config.precision), tokenizer ? tokenizer->end_of_text() : -1);
  if (!peer_config.empty()) files.emplace("config.json", peer_config);
  return files;
}

// Weights, their average and, of those that are trained, what the optimizer keeps, masters included.
int64_t checkpoint_bytes(const ModelPlan& model) {
  const bool averaged = std::ranges::count(model.options().states, kAverageState) > 0;
  const auto bytes_of = [&](const auto& plan, size_t kept) {
    const size_t element = size_of(plan.dtype) + kept + (averaged ? sizeof(float) : 0);
    return plan.layout.elements() * static_cast<int64_t>(element);
  };
  int64_t bytes = 0;
  for (const GroupPlan& group : model.groups()) {
    size_t kept = group.dtype == DType::f32 ? 0 : sizeof(float);
    for (const std::string& state : group.states.names) kept += size_of(group.states.dtype_of(state));
    bytes += bytes_of(group, kept);
  }
  for (const KeptPlan& kept : model.kept())
    if (!kept.of_base) bytes += bytes_of(kept, 0);
  return bytes;
}

// Parameters of the model beneath an adapter.
int64_t count_beneath(const ModelPlan& model) {
  int64_t count = 0;
  for (const Parameter& p : model.layout().parameters())
    if (p.spec.of_base && p.spec.role == ParameterRole::learned) count += p.elements();
  return count;
}

std::string data_text(const Dataset& dataset) {
  const DatasetFacts& facts = dataset.facts();
  const std::string stored =
      fmt::format("{} training {}", count_text(static_cast<double>(facts.stored_in(Split::train))), facts.unit);
  return facts.vocabulary > 0 ? fmt::format("{}, {} in the vocabulary", stored, facts.vocabulary)
                              : fmt::format("{} of {}", stored, describe_fields(dataset));
}

class TrainingSession {
 public:
  TrainingSession(Config config, Communicator& communicator, bool debug)
      : config_(std::move(config)), communicator_(communicator), debug_(debug) {}

  int run() {
    check_start();
    open_data();
    folder_.emplace(open_run_folder(config_, communicator_));
    watch_for_hangs(communicator_, config_.run.dir, static_cast<double>(config_.parallel.timeout_s));
    if (first()) log_.open_file(RunPaths(config_.run.dir).log());
    machine_.emplace(config_, communicator_);
    for (;;) try {
        return train_from(find_checkpoint_of_data());
      } catch (const DamagedCheckpoint& error) {
        damaged_.insert(error.folder());
        if (first()) warn_of_skipped(error.folder(), error.what());
      }
  }

 private:
  int train_from(const std::unique_ptr<CheckpointReader>& checkpoint) {
    // It is said of this start alone: what the run keeps of the config lets no later one do the same.
    const DataChange allowed = std::exchange(config_.data.changed, DataChange::refuse);
    try {
      return train_as_kept(checkpoint);
    } catch (const DamagedCheckpoint&) {
      config_.data.changed = allowed;
      throw;
    }
  }

  int train_as_kept(const std::unique_ptr<CheckpointReader>& checkpoint) {
    const int64_t V = resolve_virtual_ranks(config_, checkpoint.get(), communicator_.size());
    if (checkpoint && first()) warn_of_other_device(*checkpoint, machine_->device());
    provide_references(checkpoint.get());
    const CheckpointStoreOptions options = store_options(make_nonce(communicator_));
    std::unique_ptr<Observers> observers;
    const TrainingPosition start = checkpoint ? checkpoint->position() : TrainingPosition{};
    const RunLength length(config_, data_->samples(Split::train));
    with_files("opening the run's files", [&] {
      if (!first()) return;
      CheckpointStore::check_writable(options);
      observers = std::make_unique<Observers>(config_, length, start, console_, log_);
      if (config_.log.profile_steps > 0) observers->profile(machine_->device(), config_, console_);
    });
    CheckpointStore store(communicator_, options);
    Trainer trainer(parts(V, store, observers.get(), checkpoint.get()));
    if (checkpoint) trainer.resume(*checkpoint);
    trainer.prepare();
    with_files("beginning the run", [&] {
      if (!first()) return;
      folder_->begin(config_);
      references_->keep();
      introduce(trainer, V);
      warn_of_full_disk(trainer);
      warn_of_padding(trainer);
    });
    // Told here, while everything stands: objects destroyed by an exception in the middle of a step could only say that
    // reductions are in flight.
    TrainingOutcome outcome = TrainingOutcome::finished;
    report_errors(machine_->communicator(), [&] {
      outcome = trainer.run();
      return 0;
    });
    console_.end_live();
    if (store.failure())
      throw CheckpointError(fmt::format("the last checkpoint could not be written: {}", *store.failure()));
    const int exit_code =
        static_cast<int>(outcome == TrainingOutcome::stopped_by_signal ? ExitCode::saved_and_stopped : ExitCode::done);
    with_files("concluding the run", [&] {
      if (!first()) return;
      conclude(outcome, trainer, *observers);
      folder_->end(exit_code, trainer.position().step);
    });
    return exit_code;
  }

  bool first() const { return communicator_.rank() == 0; }

  void with_files(std::string what, const std::function<void()>& part) {
    work_together(communicator_, {std::move(what), static_cast<double>(config_.checkpoint.timeout_s), {}}, part);
  }

  CheckpointStoreOptions store_options(const std::string& nonce) {
    return {.folder = RunPaths(config_.run.dir).checkpoints(),
            .nonce = nonce,
            .keep_last = config_.checkpoint.keep_last,
            .keep_best = config_.checkpoint.keep_best,
            .keep_every = config_.checkpoint.keep_every,
            .ranks_per_file = ranks_per_file()};
  }

  // Nodes that write one file together would have to be one.
  int ranks_per_file() {
    const int of_node = ranks_of_a_node(communicator_);
    return of_node == communicator_.local_size() ? of_node : 1;
  }

  // What can be refused at once is refused at once. A run that may be resumed has its own virtual ranks, known later.
  void check_start() const {
    choose_device(config_.device);
    if (config_.run.resume == Resume::never)
      check_ranks(config_, virtual_ranks(config_, communicator_.size()), communicator_.size());
  }

  void open_data() {
    settle_as_run(config_);
    // What a graph replays is not enqueued operator by operator.
    if (config_.log.profile_steps > 0) config_.train.cuda_graph = false;
    OpenedData opened = open_training_data(config_, communicator_);
    data_ = std::move(opened.data);
    pairs_ = std::move(opened.pairs);
  }

  std::unique_ptr<CheckpointReader> find_checkpoint_of_data() {
    std::unique_ptr<CheckpointReader> checkpoint = find_resume_point(config_, communicator_, damaged_);
    if (checkpoint)
      check_data(*checkpoint);
    else
      check_vocabulary(config_, *data_);
    with_files("reading what came with the model", [&] {
      if (first()) keep_companions(checkpoint.get());
    });
    return checkpoint;
  }

  // What came with the model that the run began with, such as its chat template, stays with what becomes of it. Later
  // starts have it from their checkpoint: the model need not be there any more.
  void keep_companions(const CheckpointReader* checkpoint) {
    if (checkpoint != nullptr)
      companions_ = tokenizer_companions(*checkpoint);
    else if (!config_.model.from.empty())
      if (const CheckpointReader model(checkpoint_of(config_.model.from), false); has_tokenizer(model))
        companions_ = tokenizer_companions(model);
  }

  void check_data(const CheckpointReader& checkpoint) {
    check_model_and_data(checkpoint, config_, *data_);
    const TrainingPosition& position = checkpoint.position();
    const std::string step = fmt::format("step {} of the run in {}", position.step, config_.run.dir);
    if (check_same_data({step, position.data}, config_, *data_))
      folder_->add_change(
          fmt::format("the data: {} -> {}, as data.changed = accept allows", position.data, data_->identity()));
  }

  // Kept when the run has begun.
  void provide_references(const CheckpointReader* checkpoint) {
    references_.emplace(References::Parts{.config = config_,
                                          .pairs = pairs_,
                                          .ranks = communicator_,
                                          .device = machine_->device(),
                                          .checkpoint = checkpoint,
                                          .folder = RunPaths(config_.run.dir).reference(),
                                          .console = console_});
    references_->provide(splits_of_training(config_, *data_));
  }

  TrainerParts parts(int64_t V, CheckpointStore& store, const Observers* observers,
                     const CheckpointReader* checkpoint) {
    const std::string base = base_record_of(checkpoint);
    TrainerParts parts = trainer_parts(config_, *data_, *machine_, V, base);
    parts.checkpoints = &store;
    parts.operator_choices = operator_choices_of(checkpoint);
    with_files("reading the tokenizer", [&] {
      if (first()) parts.checkpoint_files = files_of_checkpoints(base);
    });
    if (observers != nullptr) parts.observers = observers->all();
    parts.poll_stop = [this] { return signals_.poll(); };
    if (debug_) parts.debug_print = [this](const std::string& line) { console_.line(line); };
    return parts;
  }

  // What lies beside the weights. Of an adapter no peer could read a model: its config.json would promise one.
  std::map<std::string, std::string> files_of_checkpoints(const std::string& base) {
    std::map<std::string, std::string> files = checkpoint_files(config_, *data_, companions_);
    if (config_.model.adapter.is_there()) {
      files.erase("config.json");
      files[kBaseFile] = base_record(*open_base(config_, base, false));
    }
    if (!references_->record().empty()) files[kReferenceFile] = references_->record();
    return files;
  }

  void introduce(Trainer& trainer, int64_t V) {
    const Dataset& dataset = *data_;
    SummaryFacts facts;
    facts.parameters = trainer.model().layout().parameter_count();
    if (config_.model.adapter.is_there()) facts.beneath = count_beneath(trainer.model().plan());
    facts.device = machine_->device().info().name;
    if (machine_->device().info().kind == DeviceKind::cpu) facts.processors = processors_text();
    facts.ranks = communicator_.size();
    facts.virtual_ranks = V;
    facts.memory_bytes = trainer.plan().memory.on_device();
    facts.data = data_text(dataset);
    facts.first_step = trainer.position().step;
    say(run_summary(config_, trainer.length(), facts));
    if (evaluates(config_) && dataset.samples(Split::validation) == 0)
      say(fmt::format("the data has no validation split: {}", dataset.samples(Split::test) > 0
                                                                  ? "only the test split is evaluated, at the end"
                                                                  : "nothing is evaluated"));
    for (const std::string& change : folder_->changes()) say("changed since the last start: " + change);
  }

  // It may be made while the run goes on, so that is no reason not to begin.
  void warn_of_full_disk(Trainer& trainer) {
    const std::filesystem::path folder = RunPaths(config_.run.dir).checkpoints();
    const auto bytes = checkpoint_bytes(trainer.model().plan());
    const auto free = free_bytes(folder);
    if (free && *free < bytes)
      logging::warn("a checkpoint takes {}, but only {} are free in {}: make room, or nothing will be saved",
                    bytes_text(static_cast<size_t>(bytes)), bytes_text(static_cast<size_t>(*free)), folder.string());
  }

  // Few ranks pad models that are small anyway.
  void warn_of_padding(Trainer& trainer) {
    const double padding = shard_padding(trainer.model().plan());
    const int64_t asked = config_.parallel.shard_ranks.value_or(0);
    if (padding > kMuchPadding && asked > kNeverTooMany)
      logging::warn(
          "parallel.shard_ranks = {} pads what ranks send of this model by {:.2g}%; a smaller one, or auto, pads less",
          asked, 100 * padding);
  }

  void conclude(TrainingOutcome outcome, Trainer& trainer, const Observers& observers) {
    const RunPaths paths(config_.run.dir);
    const int64_t step = trainer.position().step;
    try {
      if (const EvaluationMetrics* validation = observers.validation())
        write_shown_samples(
            paths.worst_samples(),
            shown_samples(*validation, *data_, target_field(trainer.model().graph()), trainer.class_names()));
      write_report(paths.folder,
                   {{"Device", machine_->device().info().name}, {"Ranks", fmt::format("{}", communicator_.size())}});
    } catch (const std::exception& error) {  // it only tells of a run that has ended well
      logging::warn("the run has no report, `trainer report {}` makes it: {}", paths.folder.string(), error.what());
    }
    switch (outcome) {
      case TrainingOutcome::finished:
        say(trainer.length().by_epochs()
                ? fmt::format("finished all {} epochs, {} steps", trainer.length().epochs(), step)
                : fmt::format("finished all {} steps", step));
        break;
      case TrainingOutcome::stopped_early:
        say(fmt::format("stopped early, after step {}: {}", step, trainer.why_stopped()));
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
  std::unique_ptr<Dataset> data_;
  std::vector<ReferencedPairs*> pairs_;  // of the data
  std::optional<References> references_;
  std::map<std::string, std::string> companions_;
  std::optional<TrainingMachine> machine_;
  DamagedCheckpoints damaged_;
};

}  // namespace

int run_training(Config config, Communicator& communicator, bool debug) {
  return TrainingSession(std::move(config), communicator, debug).run();
}

}  // namespace convoy
