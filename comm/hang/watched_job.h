// A job as one of its ranks watches it: what is fixed once all have begun, and how the ranks of this machine look.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "comm/hang/diagnosis.h"
#include "comm/hang/node_board.h"

namespace convoy::hang {

using Seconds = std::chrono::duration<double>;

struct HangOptions {
  std::filesystem::path run_folder;  // what machines tell each other lies in its ranks/
  double timeout_s = 120;            // parallel.timeout_s, not 0
  // Told before a file is opened or made there: for tests, which count and slow that down.
  std::function<void(const std::filesystem::path&)> before_open = [](const auto&) {};
};

// A machine goes by its lowest rank.
struct Machines {
  int rank = 0, size = 1;   // this one, and of the job
  int own = 0;              // this rank's machine
  std::vector<int> all{0};  // ascending
};

struct WatchedJob {
  HangOptions options;
  Machines machines;
  std::shared_ptr<const NodeBoard> board;
  int64_t begun_us = now_us();

  // Of heartbeats, and of summaries while nobody of the machine gets on: ten in a timeout, at least one a second.
  Seconds period() const;
  // Of summaries as long as all is well.
  Seconds calm_period() const;
  // After this long the search for the culprit is given up, and half of it after it has begun another rank takes over.
  Seconds patience() const;

  bool several() const { return machines.all.size() > 1; }
  std::filesystem::path folder() const { return options.run_folder / "ranks"; }
  std::filesystem::path summary_of(int machine) const;
  std::filesystem::path verdict_file() const { return folder() / "verdict"; }
  std::filesystem::path report() const { return options.run_folder / "hang-report.txt"; }

  // The ranks of this machine, by slot.
  std::vector<Sight> neighbours() const;
  // Since one of them entered or left a collective, or the watch began.
  Seconds idle() const;
};

// Collective over the job's ranks: finds its machines, and removes what an earlier start left in the folder. It is
// clear once all have returned.
std::shared_ptr<const WatchedJob> join_job(Communicator& world, const HangOptions& options);

}  // namespace convoy::hang
