// The learning rate as a function of the step and, for some, of the evaluations so far. To add one: a maker like those
// of schedules.cpp and a line in schedule_kinds.cpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>

namespace convoy {

struct ScheduleTerms {
  double peak = 0;    // learning rate of the config
  int64_t steps = 1;  // of the whole run
};

// What a schedule remembers of evaluations, by name: part of a checkpoint. Empty before the first.
using ScheduleState = std::map<std::string, double>;

class Schedule {
 public:
  virtual ~Schedule() = default;

  // Of update `step`, 1 to terms.steps.
  virtual double learning_rate(int64_t step, const ScheduleTerms& terms, const ScheduleState& state) const = 0;

  // Does it go by evaluations? Then every one that is due counts, also where a run ends or goes on.
  virtual bool follows_evaluations() const { return false; }
  // The next evaluation, in order. A loss that is not finite was no better than any.
  virtual void evaluated(double loss, ScheduleState& state) const { static_cast<void>(loss), static_cast<void>(state); }
};

}  // namespace convoy
