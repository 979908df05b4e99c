#include "core/train/trainer.h"

#include <fmt/format.h>

#include <chrono>

#include "core/base/logging.h"
#include "core/checkpoint/checkpoint_folder.h"
#include "core/comm/fail_together.h"
#include "core/comm/work_together.h"
#include "core/train/check_resume.h"
#include "core/train/make_gradient_syncs.h"
#include "core/train/operator_choices.h"
#include "core/train/restore.h"

namespace convoy {

namespace {

TrainerParts complete(TrainerParts parts) {
  if (!parts.optimizer) parts.optimizer = parts.config.optimizer.kind.make();
  if (!parts.schedule) parts.schedule = parts.config.schedule.kind.make();
  return parts;
}

std::vector<OptimizedGroup> optimized_groups(const Model& model) {
  std::vector<OptimizedGroup> groups;
  for (size_t g = 0; g < model.groups().size(); ++g) {
    const GroupTerms& terms = model.plan().groups()[g].terms;
    groups.push_back({*model.groups()[g], terms.lr_scale, terms.weight_decay, terms.role, terms.matrices});
  }
  return groups;
}

std::vector<ParameterStorage*> trained(const Model& model) {
  std::vector<ParameterStorage*> groups;
  for (const auto& group : model.groups()) groups.push_back(group.get());
  return groups;
}

// At the least, between checkpoints at ends of epochs.
constexpr std::chrono::seconds kBetweenSaves(5);

LossGuardOptions guard_options(const GuardConfig& guard) {
  return {guard.spike_sigma, guard.window_steps, guard.max_skipped_steps, guard.rollback, guard.max_rollbacks};
}

}  // namespace

Trainer::Trainer(TrainerParts parts)
    : p_(complete(std::move(parts))),
      length_(p_.config, p_.source.samples(Split::train)),
      compute_(p_.device.make_stream(StreamKind::compute)),
      communication_stream_(p_.device.make_stream(StreamKind::communication)),
      communication_(p_.device, *compute_, *communication_stream_, p_.mesh.shard()),
      device_before_(p_.device.allocated_bytes(MemoryKind::device)),
      host_before_(p_.device.allocated_bytes(MemoryKind::host)),
      model_(make_model()),
      optimizer_(communication_, optimized_groups(model_), *p_.optimizer,
                 {p_.config.train.clip_norm, p_.config.train.ema_decay, model_.plan().options().state_dtype}),
      weights_(communication_, trained(model_)),
      averages_(communication_, trained(model_), weights_),
      gatherer_(communication_, model_),
      snapshot_(communication_, model_, p_.optimizer->name(),
                {p_.mesh.data().rank(), p_.mesh.data().size(), p_.config.checkpoint.file_bytes}),
      guard_(guard_options(p_.config.guard)),
      best_(early_stopping_options(p_.config.evaluate)) {
  model_.gather_by(gatherer_);
  position_.virtual_ranks = p_.virtual_ranks;
  position_.seed = p_.config.run.seed;
  if (p_.config.guard.rollback) position_.rollback_step = 0;
  check_evaluations();
}

Trainer::~Trainer() = default;

// Plans the whole run: what can never be had is refused before anything is allocated.
Model Trainer::make_model() {
  const RankFacts facts{.rank = p_.mesh.data().rank(),
                        .ranks = p_.mesh.data().size(),
                        .mesh = p_.mesh.shape(),
                        .virtual_ranks = p_.virtual_ranks,
                        .device = p_.device.info().kind,
                        .evaluates = evaluates(Split::validation) || evaluates(Split::test),
                        .every_target_counts = p_.source.every_target_counts(),
                        .saves = p_.checkpoints != nullptr,
                        .debug = p_.debug_print != nullptr};
  ModelPlan model(p_.device.ops(), std::move(p_.graph), model_options(p_.config, facts, *p_.optimizer));
  plan_ = plan_run(p_.config, facts, *p_.optimizer, model, p_.gradient_sync);
  p_.device.require_possible(plan_.memory.on_device(), MemoryKind::device, "the model and its activations");
  settle_operators();
  return Model(p_.device, *compute_, std::move(model));
}

// While the device's memory is free, and before anything is computed.
void Trainer::settle_operators() {
  const TrainConfig& train = p_.config.train;
  const bool timed = train.products == ProductChoices::timed ||
                     (train.products == ProductChoices::automatic && !p_.config.parallel.reproducible);
  const std::string chosen =
      convoy::settle_operators(p_.device.ops(), *compute_, p_.mesh.world(), timed, p_.operator_choices);
  if (!chosen.empty()) p_.checkpoint_files[kOperatorsFile] = chosen;
}

// Copies for checkpoints come with the first of them.
void Trainer::check_allocated() const {
  const size_t on_device = p_.device.allocated_bytes(MemoryKind::device) - device_before_;
  const size_t on_host = p_.device.allocated_bytes(MemoryKind::host) - host_before_;
  const size_t planned_on_host = plan_.memory.host - plan_.snapshot_bytes - plan_.staging_bytes;
  if (on_device != plan_.memory.on_device() || on_host != planned_on_host)
    throw InternalError(fmt::format("allocated are {} bytes on the device and {} on the host, planned were {} and {}",
                                    on_device, on_host, plan_.memory.on_device(), planned_on_host));
}

void Trainer::resume(const CheckpointReader& checkpoint) {
  restore(checkpoint);
  take_over(checkpoint.position());
  resumed_ = true;
}

void Trainer::restore(const CheckpointReader& checkpoint) {
  check_resume(checkpoint, p_.optimizer->name(), model_.plan());
  ReadSums sums;
  try {
    fill_parameters("reading " + checkpoint.folder().filename().string(),
                    [&](ParameterFiller& filler) { restore_training(checkpoint, model_, filler, sums); });
    sums.add_up(p_.mesh.data());
    fail_together(p_.mesh.world(), [&] { sums.check(); });
  } catch (const Error& error) {
    if (error.code() != ExitCode::bad_checkpoint) throw;
    throw DamagedCheckpoint(checkpoint.folder(), error.what());
  }
}

void Trainer::fill_parameters(std::string what, const std::function<void(ParameterFiller&)>& part) {
  ParameterFiller filler(communication_, p_.mesh.replicate(), model_.arena());
  with_files(std::move(what), [&] { part(filler); });
  filler.share();
}

// A checkpoint from before rollbacks were asked for is itself one to go back to.
void Trainer::take_over(const TrainingPosition& position) {
  position_ = position;
  guard_.take_over(position.guard);
  best_.take_over(position.best);
  position_.best = best_.state();
  if (!p_.config.guard.rollback)
    position_.rollback_step.reset();
  else if (!position_.rollback_step)
    position_.rollback_step = position.step;
  saved_step_ = position.step;
}

void Trainer::prepare() {
  if (train_step_ != nullptr || (!goes_on() && !ends_with_evaluation())) return;
  allocate();
  with_files("reading the first samples", [&] {
    check_allocated();
    if (evaluates(Split::validation)) evaluator_->read_all(validation());
    prefetcher_->check_step();
  });
}

// Everything that lives as long as the run is allocated here; after the first step nothing is.
void Trainer::allocate() {
  const Config& c = p_.config;
  const auto seed = static_cast<uint64_t>(position_.seed);
  if (p_.base) {
    const std::unique_ptr<CheckpointReader> base = p_.base();
    fill_parameters("reading the model beneath the adapter",
                    [&](ParameterFiller& filler) { restore_base(*base, model_, filler); });
  }
  if (!resumed_) initialise_weights();
  optimizer_.round_by(seed);
  GradientSyncs made =
      make_gradient_syncs(p_.gradient_sync, plan_.gradient_syncs, model_, communication_, p_.mesh.replicate());
  syncs_ = std::move(made.syncs);
  std::vector<GradientSync*> syncs;
  for (const auto& sync : syncs_) syncs.push_back(sync.get());
  samples_ = {c.batch.global,        c.batch.micro,  position_.virtual_ranks, p_.mesh.data().size(),
              p_.mesh.data().rank(), position_.step, position_.samples,       p_.skips};
  prefetcher_ = std::make_unique<Prefetcher>(p_.device, p_.source, samples_, c.data.prefetch);
  if (p_.debug_print)
    debug_ = std::make_unique<DebugChecks>(p_.device, *compute_, model_.training(), model_.arena(), p_.debug_print);
  train_step_ = std::make_unique<TrainStep>(
      TrainStep::Parts{communication_, p_.mesh, model_, optimizer_, weights_, gatherer_, syncs, p_.source, *prefetcher_,
                       samples_, seed, c.train.cuda_graph, std::move(made.buckets), c.parallel.sentinel_every, p_.who,
                       debug_.get(), p_.debug_from_step, c.log.every_steps});
  if (evaluates(Split::validation) || evaluates(Split::test)) evaluator_ = make_evaluator();
  check_watch();
  tokens_per_step_ = model_.training().result().elements() * (c.batch.global / c.batch.micro);
}

void Trainer::initialise_weights() {
  if (p_.begin_with) {
    const std::unique_ptr<CheckpointReader> model = p_.begin_with();
    return fill_parameters("reading the model to begin with",
                           [&](ParameterFiller& filler) { begin_with_weights(*model, model_, filler); });
  }
  fill_parameters("drawing initial weights",
                  [&](ParameterFiller& filler) { initialise(model_, static_cast<uint64_t>(position_.seed), filler); });
}

TrainingOutcome Trainer::run() {
  prepare();
  if (train_step_ != nullptr) {
    tell_data_change();
    catch_up_evaluation();
  }
  saved_at_ = std::chrono::steady_clock::now();
  while (goes_on()) {
    if (!step()) continue;  // what signals asked for is done after the next step: nothing new is there to be saved
    if (out_of_data_) end_without_data();
    const bool last = position_.step == length_.steps();
    const bool stop_here = request_.stop || (!last && position_.step == p_.config.train.stop_at);
    const bool improved = !stop_here && evaluate_if_due(last);
    const bool ends = stop_here || !goes_on(), keeps = improved && p_.config.evaluate.patience > 0;
    const bool due = length_.saves_after(position_.step) && !length_.saves_by_time();
    const bool closes = ends && (stop_here || p_.config.checkpoint.at_end);
    if (closes || keeps || due || request_.save) save(ends);
    if (request_.stop) return TrainingOutcome::stopped_by_signal;
    request_ = {};
    if (stop_here) return TrainingOutcome::stopped_at;
  }
  evaluate_finally();
  return position_.step < length_.steps() ? TrainingOutcome::stopped_early : TrainingOutcome::finished;
}

// Whether the data may be another than that of the steps so far is for others to decide; here it is recorded.
void Trainer::tell_data_change() {
  const std::string now = p_.source.identity();
  if (position_.data.empty() || now.empty() || position_.data == now) return;
  for (TrainingObserver* observer : p_.observers) observer->on_data_change({position_.step, position_.data, now});
  position_.data = now;
}

// Nothing of the steps done is lost.
void Trainer::end_without_data() {
  save(true);
  check_next_data(fmt::format("step {} is saved", position_.step));
  throw InternalError("a rank that could not read its data now can");
}

void Trainer::check_next_data(const std::string& advice) {
  fail_together(p_.mesh.world(), [&] {
    try {
      prefetcher_->check_step();
    } catch (const Error& error) {
      if (p_.checkpoints == nullptr) throw;
      throw Error(error.code(),
                  fmt::format("{}; {}: once the data is mended, go on with run.resume=must", error.what(), advice));
    }
  });
}

bool Trainer::step() {
  const auto start = std::chrono::steady_clock::now();
  const int64_t number = position_.step + 1;
  const double lr =
      p_.schedule->learning_rate(number, {p_.optimizer->learning_rate(), length_.steps()}, position_.schedule);
  const StepResult result = train_step_->run(number, lr, request_here(number), number < length_.steps());
  request_.save |= result.request.save;
  request_.stop |= result.request.stop;
  out_of_data_ = result.out_of_data;
  position_.step = number;
  position_.samples = samples_.sample_after(number);
  position_.tokens += tokens_per_step_;
  const std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - start;
  if (result.skipped && p_.mesh.world().rank() == 0)
    logging::warn("step {}: the gradient norm is not finite; the step changed no weight", number);
  const auto finding = guard_.look(number, result.loss, result.skipped);
  const StepMetrics step_metrics = metrics(result, lr, elapsed.count());
  for (TrainingObserver* observer : p_.observers) observer->on_step(step_metrics);
  return !finding || guard(*finding, result.loss);
}

// What this rank asks for after a step. A checkpoint at the end of a short epoch that the first rank's clock calls due
// is made by all ranks together.
StopRequest Trainer::request_here(int64_t step) {
  StopRequest request = p_.poll_stop ? p_.poll_stop() : StopRequest{};
  const bool by_time = length_.saves_by_time() && length_.saves_after(step) && p_.mesh.world().rank() == 0;
  if (by_time && std::chrono::steady_clock::now() - saved_at_ > kBetweenSaves) request.save = true;
  return request;
}

StepMetrics Trainer::metrics(const StepResult& result, double lr, double step_ms) {
  StepMetrics m;
  m.step = position_.step;
  m.loss = result.loss;
  m.lr = lr;
  m.grad_norm = result.grad_norm;
  m.tokens = position_.tokens;
  m.step_ms = step_ms;
  m.tokens_per_s = static_cast<double>(tokens_per_step_) / step_ms * 1e3;
  m.data_wait_ms = prefetcher_->take_wait_ms();
  m.comm_exposed_ms = communication_.take_exposed_ms();
  const double peak = p_.device.peak_flops(model_.plan().options().dtype) * p_.mesh.world().size();
  if (peak > 0) m.mfu = plan_.flops / (step_ms * 1e-3) / peak;
  m.memory_bytes = p_.device.allocated_bytes(MemoryKind::device);
  m.skipped_steps = guard_.state().skipped_steps;
  m.rollbacks = guard_.state().rollbacks;
  m.unit = counted_unit(p_.config);
  m.epoch = length_.epoch_of(position_.step);
  return m;
}

void Trainer::with_files(std::string what, const std::function<void()>& part) {
  work_together(p_.mesh.world(), {std::move(what), static_cast<double>(p_.config.checkpoint.timeout_s), {}}, part);
}

void Trainer::await_checkpoint() {
  const FileWork work{fmt::format("writing {}", checkpoint_name(saved_step_)),
                      static_cast<double>(p_.config.checkpoint.timeout_s),
                      [this] { return p_.checkpoints->written_bytes(); }};
  if (p_.checkpoints->begun()) work_together(p_.mesh.world(), work, [this] { p_.checkpoints->wait(); });
}

void Trainer::save(bool wait) {
  if (p_.checkpoints == nullptr || saved_step_ == position_.step) return;
  const auto start = std::chrono::steady_clock::now();
  await_checkpoint();  // the one before
  CheckpointContents contents = snapshot_.take();
  position_.plan_fingerprint = contents.position.plan_fingerprint;
  position_.guard = guard_.state();
  position_.data = p_.source.identity();
  position_.device = p_.device.arithmetic();
  if (p_.config.guard.rollback && length_.saves_after(position_.step)) position_.rollback_step = position_.step;
  contents.position = position_;
  if (p_.mesh.world().rank() == 0) contents.files = p_.checkpoint_files;
  p_.checkpoints->save(contents);
  saved_step_ = position_.step;
  saved_at_ = start;
  if (wait) await_checkpoint();
  const std::chrono::duration<double, std::milli> stall = std::chrono::steady_clock::now() - start;
  for (TrainingObserver* observer : p_.observers) observer->on_checkpoint(position_.step, stall.count());
}

}  // namespace convoy
