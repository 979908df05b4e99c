// The profile of some steps, for people and for programs.
#pragma once

#include <string>
#include <vector>

#include "core/plan/operator_profile.h"
#include "launcher/plan/time/operator_bench.h"

namespace convoy {

struct StepsProfile {
  std::string device;
  int64_t steps = 0;
  double step_ms = 0;  // mean of those steps, with what no operator does
  Ceilings ceilings;
  std::vector<ProfiledOperator> operators;  // the longest first
};

// A line an operator and shape: milliseconds and calls of a step, share of all operators' time, TFLOP/s, GB/s of the
// least bytes, and the larger share of a ceiling that it reaches.
std::string profile_text(const StepsProfile& profile);
std::string profile_json(const StepsProfile& profile);

}  // namespace convoy
