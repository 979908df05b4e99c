// The trainer's evaluations: on the way, of a run that goes on, and of a run that has ended.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "core/base/nearest_name.h"
#include "core/checkpoint/checkpoint_folder.h"
#include "core/checkpoint/open_together.h"
#include "core/comm/fail_together.h"
#include "core/train/trainer.h"

namespace convoy {
namespace {

// In what a schedule remembers: the step of the last evaluation that it knows of.
constexpr const char* kEvaluatedStep = "evaluated_step";

}  // namespace

std::unique_ptr<Evaluator> Trainer::make_evaluator() {
  EvaluationWishes wishes = evaluation_wishes(p_.config);
  wishes.class_names = p_.class_names;
  return std::make_unique<Evaluator>(Evaluator::Parts{.device = p_.device,
                                                      .communicator = p_.mesh.data(),
                                                      .compute = *compute_,
                                                      .model = model_,
                                                      .source = p_.source,
                                                      .micro_batch = p_.config.batch.micro,
                                                      .wishes = std::move(wishes)});
}

bool Trainer::evaluate_if_due(bool last) {
  if (!evaluates(Split::validation) || evaluated_step_ == position_.step) return false;
  return (last || length_.evaluates_after(position_.step)) && evaluate();
}

bool Trainer::evaluate() {
  evaluated_step_ = position_.step;
  averages_.take_place(position_.step);
  EvaluationMetrics evaluation = evaluator_->run(position_.step, validation());
  averages_.give_back(position_.step);
  evaluation.unit = counted_unit(p_.config);
  evaluation.epoch = length_.epoch_of(position_.step);
  tell_schedule(evaluation);
  const bool improved = tell_best(evaluation);
  communication_.forget_exposed();  // not the next step's
  for (TrainingObserver* observer : p_.observers) observer->on_evaluation(evaluation);
  return improved;
}

void Trainer::tell_schedule(const EvaluationMetrics& evaluation) {
  if (!p_.schedule->follows_evaluations() || !length_.evaluates_after(position_.step)) return;
  const auto told = position_.schedule.find(kEvaluatedStep);
  if (told != position_.schedule.end() && told->second == static_cast<double>(position_.step)) return;
  p_.schedule->evaluated(evaluation.loss, position_.schedule);
  position_.schedule[kEvaluatedStep] = static_cast<double>(position_.step);
}

bool Trainer::tell_best(const EvaluationMetrics& evaluation) {
  const double value = watched(evaluation, best_.options().watch);
  position_.evaluation.reset();
  if (std::isfinite(evaluation.loss) && std::isfinite(value)) {
    position_.evaluation = {position_.step, evaluation.loss};
    if (best_.options().watch != "loss") position_.evaluation->score = best_.options().more_is_better ? -value : value;
  }
  if (!keeps_best() || best_.last_step() == position_.step) return false;
  const bool improved = best_.tell(position_.step, value);
  position_.best = best_.state();
  return improved;
}

// A run that stopped where an evaluation was due did without it; in one that went on, learning rate and patience did
// not.
void Trainer::catch_up_evaluation() {
  if (!evaluates(Split::validation) || position_.step == 0) return;
  const bool due = length_.evaluates_after(position_.step), last = position_.step == length_.steps();
  const auto told = position_.schedule.find(kEvaluatedStep);
  const bool schedule_waits = p_.schedule->follows_evaluations() && due &&
                              (told == position_.schedule.end() || told->second != static_cast<double>(position_.step));
  const bool best_waits = keeps_best() && (due || last) && best_.last_step() != position_.step;
  if (!schedule_waits && !best_waits) return;
  evaluate();
  if (!best_waits) return;
  saved_step_ = -1;  // the checkpoint of this step knows nothing of it
  save(false);
}

void Trainer::check_evaluations() const {
  const bool evaluates_later = evaluates(Split::validation) && length_.evaluates_on_the_way();
  if (p_.schedule->follows_evaluations() && !evaluates_later)
    throw ConfigError(
        "schedule.name: this schedule follows the evaluation loss, and nothing is evaluated on the way; set "
        "evaluate.every_steps and evaluate.batches above 0 and take data with a validation split, or another schedule");
  if (p_.config.evaluate.patience > 0 && convoy::evaluates(p_.config) && !evaluates_later)
    throw ConfigError(
        fmt::format("evaluate.patience = {} counts evaluations, and nothing is evaluated on the way; set "
                    "evaluate.every_steps above "
                    "0 and take data with a validation split, or write evaluate.patience=0",
                    p_.config.evaluate.patience));
}

void Trainer::check_watch() const {
  const std::string& watch = p_.config.evaluate.watch;
  if (evaluator_ == nullptr || watch == "loss") return;
  std::vector<std::string> names{"loss"};
  for (const auto& [name, more_is_better] : evaluator_->numbers()) {
    if (name == watch) return;
    names.push_back(name);
  }
  throw ConfigError(fmt::format("evaluate.watch = {} is no number that is evaluated{}; there are {}", watch,
                                did_you_mean(watch, names), fmt::join(names, ", ")));
}

// Of every split that training did not see, whole: the table at the end of a run.
void Trainer::evaluate_finally() {
  if (!ends_with_evaluation()) return;
  FinalMetrics final{.step = position_.step, .weights_step = position_.step};
  const bool best = p_.config.evaluate.patience > 0 && position_.best && position_.best->step > 0;
  if (best && position_.best->step != position_.step && p_.checkpoints != nullptr) {
    restore_best();
    final.weights_step = position_.best->step;
  }
  with_files("reading the first samples", [&] {
    for (const Split split : {Split::validation, Split::test})
      if (evaluates(split)) evaluator_->read_first(split);
  });
  averages_.take_place(position_.step);
  for (const Split split : {Split::validation, Split::test}) {
    if (!evaluates(split)) continue;
    EvaluationMetrics evaluation = evaluator_->run(final.weights_step, {split, 0});
    evaluation.unit = counted_unit(p_.config);
    evaluation.epoch = length_.epoch_of(final.weights_step);
    final.splits.emplace_back(name_of(split), std::move(evaluation));
  }
  averages_.give_back(position_.step);
  for (TrainingObserver* observer : p_.observers) observer->on_final(final);
}

// The weights alone count from here on; the position stays that of the last step.
void Trainer::restore_best() {
  std::filesystem::path folder;
  await_checkpoint();
  with_files("looking for the best checkpoint", [&] {
    if (p_.mesh.world().rank() != 0) return;
    const auto found = best_checkpoint(p_.checkpoints->folder(), position_);
    if (!found)
      throw CheckpointError(
          fmt::format("the best checkpoint, of step {}, is no longer in {}; `trainer eval` has the "
                      "last one's metrics",
                      position_.best->step, p_.checkpoints->folder().string()));
    folder = *found;
  });
  restore(*open_together(p_.mesh.world(), folder, true, static_cast<double>(p_.config.checkpoint.timeout_s)));
}

}  // namespace convoy
