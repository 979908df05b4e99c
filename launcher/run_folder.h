// The folder a run lives in: who may begin one there, and what stands where.
//
//   RUN/config.yaml       the resolved config; a folder that holds it is a run
//   RUN/outcome.json      how the last start ended, {"exit_code": 85, "step": 130}; absent while it runs and if it died
//   RUN/log.txt           what the terminal showed, with times
//   RUN/ranks/            what ranks of several machines do, while they run; RUN/hang-report.txt if a collective hung
//   RUN/reference/        log-probabilities that preference pairs are measured against (train/reference_file.h)
//   RUN/worst_samples.json  of validation, at the end
//   RUN/metrics.jsonl, report.html, checkpoints/, TensorBoard events
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/comm/communicator.h"
#include "core/config/config.h"

namespace convoy {

struct RunPaths {
  explicit RunPaths(std::filesystem::path run) : folder(std::move(run)) {}
  std::filesystem::path folder;
  std::filesystem::path config() const { return folder / "config.yaml"; }
  std::filesystem::path metrics() const { return folder / "metrics.jsonl"; }
  std::filesystem::path outcome() const { return folder / "outcome.json"; }
  std::filesystem::path log() const { return folder / "log.txt"; }
  std::filesystem::path report() const { return folder / "report.html"; }
  std::filesystem::path profile_text() const { return folder / "profile.txt"; }
  std::filesystem::path profile_json() const { return folder / "profile.json"; }
  std::filesystem::path worst_samples() const { return folder / "worst_samples.json"; }
  std::filesystem::path reference() const { return folder / "reference"; }
  std::filesystem::path checkpoints() const { return folder / "checkpoints"; }
};

// Holds a folder for one process; let go when the process ends, however it ends.
class FolderLock {
 public:
  FolderLock() = default;
  // Waits up to wait_ms for another process to let go: ranks of a killed job take a moment to vanish. False: in use.
  // A file system without locks locks nothing.
  bool acquire(const std::filesystem::path& folder, int wait_ms);
  FolderLock(FolderLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock();

 private:
  int descriptor_ = -1;
};

// A folder that is held for a run. It becomes a run, or the run that is there gets this start's config, when begin() is
// called; a start that ends before that leaves an earlier run as it was, and of a new one nothing.
class RunFolder {
 public:
  RunFolder(RunFolder&& other) noexcept;
  RunFolder& operator=(RunFolder&&) = delete;
  ~RunFolder();

  // The run was begun by an earlier start.
  bool existed() const { return existed_; }
  // "optimizer.lr: 0.003 -> 0.001", against the earlier start; and what else is another.
  const std::vector<std::string>& changes() const { return changes_; }
  void add_change(std::string change) { changes_.push_back(std::move(change)); }

  // Writes config.yaml and removes the last start's outcome. Throws ConfigError.
  void begin(const Config& config);
  // Writes the outcome, once everything else is durable: starters whose own exit code says less can rely on it. A full
  // disk is only a warning.
  void end(int exit_code, int64_t step) const;

 private:
  friend RunFolder prepare_run_folder(const Config& config);
  friend RunFolder open_run_folder(const Config& config, Communicator& communicator);
  explicit RunFolder(std::filesystem::path folder) : paths_(std::move(folder)) {}

  RunPaths paths_;
  bool existed_ = false;
  std::vector<std::string> changes_;
  FolderLock lock_;
  bool made_here_ = false;                   // the folder was made for this start
  std::set<std::filesystem::path> earlier_;  // otherwise what was in it before: never touched
  bool owned_ = false;                       // this process puts away what is never begun
};

// What the config leaves to the data is what it was for the run that this start goes on with, if there is one: a model
// keeps its vocabulary, whatever the data now has. Throws ConfigError.
void settle_as_run(Config& config);

// Rank 0's part: makes the folder, or, as run.resume allows, takes the run that is there. Throws ConfigError if there
// is a run and resume is never, if there is none and it must be, if another process trains there, if the model differs
// from the earlier start's, or if nothing can be written.
RunFolder prepare_run_folder(const Config& config);

// The same on every rank: rank 0 prepares, the others wait. Throws on every rank.
RunFolder open_run_folder(const Config& config, Communicator& communicator);

}  // namespace convoy
