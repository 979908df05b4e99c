// Ranks as processes: the test's program starts itself again as `PROGRAM rank SCENARIO RANK RANKS ID`.
#pragma once
#include <csignal>
#include <string>
#include <vector>

namespace convoy {
// Exit statuses that say what a rank met.
inline constexpr int kFine = 0, kRemoteError = 10, kMisuse = 11, kInternalError = 12, kTimedOut = 13, kWrong = 14;
inline constexpr int kKilled = 128 + SIGKILL;

struct Outcome {
  std::vector<int> statuses;
  std::string errors;  // what all ranks wrote
  double seconds = 0;
};

// Runs a scenario on so many ranks, each with a seed of its own for its streams, and waits for them. `fault` is
// VGPU_NCCL_FAULT.
Outcome run_processes(const std::string& scenario, int ranks, const std::string& fault = "");

// In a rank's process: does what the arguments say and exits with the rank's status.
[[noreturn]] void run_rank(char** arguments);
}  // namespace convoy
