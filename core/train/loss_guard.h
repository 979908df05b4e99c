// Watches the loss of a run: spikes beyond so many standard deviations of the last steps, and steps that are not
// finite.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/checkpoint/checkpoint.h"

namespace convoy {

struct LossGuardOptions {
  double spike_sigma = 0;      // 0: spikes are not looked for
  int64_t window_steps = 100;  // finite losses that a spike is measured against; before there are so many, none is one
  int64_t max_skipped_steps = 0;  // this many steps without a finite gradient in a row end the run; 0: never
  bool rollback = false;          // a spike asks for a rollback; else it is only told
  int64_t max_rollbacks = 3;      // the spike after that many ends the run
};

// Knows only what every rank knows with the same bits, so that all ranks decide alike without asking each other.
class LossGuard {
 public:
  explicit LossGuard(const LossGuardOptions& options);

  enum class Action { tell, roll_back, stop };
  struct Finding {
    Action action = Action::tell;
    std::string message;  // found, wanted and, where the run must stop, the remedy; for people
  };
  // After every step, in order. skipped: its gradient norm was not finite. Absent: all is well. The losses of a spike
  // enter the window like others, so that a new level of the loss is reported until it is the usual one, not for ever.
  std::optional<Finding> look(int64_t step, double loss, bool skipped);

  // What it has seen, for the checkpoint of this step; another guard that takes it over finds what this one would.
  const GuardState& state() const { return state_; }
  void take_over(GuardState state) { state_ = std::move(state); }

 private:
  std::optional<Finding> spike(int64_t step, double loss) const;

  const LossGuardOptions options_;
  GuardState state_;
};

}  // namespace convoy
