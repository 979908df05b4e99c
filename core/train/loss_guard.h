// Watches the loss of a run: spikes beyond so many standard deviations of the last steps, and steps that are not
// finite.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace convoy {

struct LossGuardOptions {
  double spike_sigma = 0;      // 0: spikes are not looked for
  int64_t window_steps = 100;  // finite losses that a spike is measured against; before there are so many, none is one
  int64_t max_skipped_steps = 0;  // this many steps without a finite gradient in a row end the run; 0: never
};

// Knows only what every rank knows with the same bits, so that all ranks decide alike without asking each other.
class LossGuard {
 public:
  explicit LossGuard(const LossGuardOptions& options);

  struct Finding {
    bool spike = false;
    bool stop = false;
    std::string message;  // found, wanted; for people
  };
  // After every step, in order. skipped: its gradient norm was not finite. Absent: all is well. The losses of a spike
  // enter the window like others, so that a new level of the loss is reported until it is the usual one, not for ever.
  std::optional<Finding> look(int64_t step, double loss, bool skipped);

 private:
  std::optional<Finding> spike(int64_t step, double loss) const;

  const LossGuardOptions options_;
  std::vector<double> window_;  // a ring once it is full
  size_t next_ = 0;
  int64_t skipped_in_a_row_ = 0;
};

}  // namespace convoy
