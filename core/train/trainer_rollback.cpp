// The trainer's way back from a spike of the loss.
#include <fmt/format.h>

#include "core/base/logging.h"
#include "core/checkpoint/checkpoint_folder.h"
#include "core/checkpoint/open_together.h"
#include "core/comm/fail_together.h"
#include "core/train/trainer.h"

namespace convoy {

// What was found has the same bits on every rank, so that all go back or end together. False: the run went back.
bool Trainer::guard(const LossGuard::Finding& finding, double loss) {
  if (finding.action == LossGuard::Action::stop) throw SharedError(ExitCode::internal, finding.message);
  if (finding.action == LossGuard::Action::roll_back)
    roll_back(finding.message, loss);
  else if (p_.mesh.world().rank() == 0)
    logging::warn("{}", finding.message);
  return finding.action != LossGuard::Action::roll_back;
}

// Everything is again as it was after the step gone back to, but for the samples, which go on behind the spike's, and
// the count of rollbacks. A run that is killed now and resumed from there meets the same spike and comes here again.
void Trainer::roll_back(const std::string& why, double loss) {
  const TrainingPosition before = position_;
  const int64_t rollbacks = guard_.state().rollbacks + 1;
  if (p_.checkpoints != nullptr) await_checkpoint();
  restore_rollback_point(before.step);
  position_.samples = before.samples;
  GuardState known = guard_.state();
  known.rollbacks = rollbacks;
  guard_.take_over(std::move(known));
  evaluated_step_ = -1;
  samples_.first_step = position_.step;
  samples_.first_step_sample = position_.samples;
  train_step_->go_on(samples_);
  communication_.forget_exposed();  // not the next step's
  if (p_.mesh.world().rank() == 0)
    logging::warn(
        "{}. Back to {}; the samples of steps {} to {} will not be seen again; rollback {} of at most {}", why,
        position_.step == 0 ? "the initial weights" : fmt::format("the checkpoint of step {}", position_.step),
        position_.step + 1, before.step, rollbacks, p_.config.guard.max_rollbacks);
  for (TrainingObserver* observer : p_.observers)
    observer->on_rollback({position_.step, before.step, loss, position_.samples, rollbacks});
  tell_data_change();
  check_next_data(fmt::format("after a spike of the loss the run went back to step {}", position_.step));
  catch_up_evaluation();
}

// Where every_steps put a checkpoint, or the initial weights before the first of those. Checkpoints that a signal or
// stop_at asked for do not count, or the bits would depend on when that was.
void Trainer::restore_rollback_point(int64_t spike_step) {
  const int64_t wanted = position_.rollback_step.value();
  if (wanted > 0 && p_.checkpoints == nullptr) throw InternalError("a rollback without a store of checkpoints");
  if (wanted > 0)
    resume_before(spike_step, wanted);
  else
    restart();
  with_files("removing checkpoints that were given up", [&] {
    if (p_.checkpoints == nullptr || p_.mesh.world().rank() != 0) return;
    remove_abandoned_checkpoints(p_.checkpoints->folder(), position_.step, spike_step);
    name_best(p_.checkpoints->folder(), position_);
  });
}

void Trainer::resume_before(int64_t spike_step, int64_t wanted) {
  for (DamagedCheckpoints damaged;;) try {
      return resume(*find_rollback_point_together(p_.mesh.world(), p_.checkpoints->folder(), wanted, spike_step,
                                                  static_cast<double>(p_.config.checkpoint.timeout_s), damaged));
    } catch (const DamagedCheckpoint& error) {
      damaged.insert(error.folder());
      if (p_.mesh.world().rank() == 0) warn_of_skipped(error.folder(), error.what());
    }
}

void Trainer::restart() {
  initialise_weights();
  take_over({.virtual_ranks = position_.virtual_ranks, .seed = position_.seed, .rollback_step = 0});
}

}  // namespace convoy
