// A checkpoint: a folder that exists whole or not at all.
//
//   checkpoints/step-00000500/
//     model.safetensors                        weights under their Hugging Face names, in the compute dtype
//     optimizer-00000-of-00002.safetensors     one per rank: its states of the optimizer and (bf16 runs) master
//                                              weights
//     ema.safetensors                          where the run keeps one: the weights' moving average, f32
//     config.json, config.yaml, tokenizer.json small files
//     manifest.json                            step, position, virtual ranks, every file's bytes and checksum
//   checkpoints/latest                         text: the newest one's name
//   checkpoints/best                           where the run keeps one: the best one's name
//
// Every rank writes its part into `.step-00000500.NONCE.SAVE.tmp`, fsyncs it and leaves a receipt; rank 0 waits for all
// receipts, writes the manifest, renames the folder and fsyncs its parent. No collective is needed, only a shared file
// system, so this happens in a background thread while training goes on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/checkpoint/safetensors.h"
#include "core/parameters/sharding.h"
#include "core/parameters/state_names.h"
#include "core/tensor/tensor.h"

namespace convoy {

struct Evaluation {
  int64_t step = 0;
  double loss = 0;                // finite
  std::optional<double> score{};  // the lower, the better, and finite; absent: it is the loss
  double compared() const { return score.value_or(loss); }
};

// What a run knows of its evaluations up to some step, the same on every rank.
struct BestEvaluation {
  std::string watch;           // what was compared: "loss", or a metric's name
  int64_t step = 0;            // of the best; 0: none was a number
  double value = 0;            // of it
  int64_t since = 0;           // evaluations after it
  int64_t evaluated_step = 0;  // of the last one
  bool operator==(const BestEvaluation&) const = default;
};

// What the guards of a run know at some step, the same on every rank.
struct GuardState {
  std::vector<double> losses;    // the last finite ones, oldest first: what a spike is measured against
  int64_t skipped_in_a_row = 0;  // steps without a finite gradient, up to now
  int64_t skipped_steps = 0;     // such steps in all
  int64_t rollbacks = 0;         // also those to this step or before it
  bool operator==(const GuardState&) const = default;
};

struct TrainingPosition {
  int64_t step = 0;     // optimizer steps done
  int64_t samples = 0;  // training samples consumed: the next one's number
  int64_t tokens = 0;
  int64_t virtual_ranks = 1;
  int64_t seed = 0;
  std::string plan_fingerprint;          // of parameters' names, shapes and order
  std::optional<Evaluation> evaluation;  // the last one, at this step or before
  GuardState guard;
  std::optional<int64_t> rollback_step;    // to which a spike of the loss would go back; absent: to none
  std::string data;                        // BatchSource::identity() of the step's samples; empty: not known
  std::string device;                      // Device::arithmetic() of the step's devices; empty: not known
  std::map<std::string, double> schedule;  // what the schedule of the learning rate remembers of evaluations
  std::optional<BestEvaluation> best;      // absent: the run keeps no best checkpoint
};

// This rank's part of what is kept of a group of parameters: ranges of flat arrays, and where this rank's arrays of
// `elements` have them. The ranges of all ranks cover [0, total) exactly; `total` leaves out padding that depends on
// the number of ranks, so that any number of ranks can read it back.
struct StateShard {
  struct Array {
    std::string name;
    const void* data = nullptr;  // may be null if there are no elements
    DType dtype = DType::f32;    // or bf16
  };
  struct Place {
    std::string name;  // of a weight
    int64_t offset = 0;
  };
  std::string group;  // empty: the only one
  std::vector<OwnedRange> ranges;
  int64_t elements = 0, total = 0;
  std::vector<Array> arrays;  // every rank has the same, even where it has no elements
  std::vector<Place> places;  // on rank 0: the group's weights in flat storage
};

struct OptimizerShard {
  std::string name;  // of the optimizer: "adamw"
  std::vector<StateShard> groups;
};

struct CheckpointContents {
  TrainingPosition position;
  std::vector<NamedTensor> weights;          // rank 0; empty on the others
  OptimizerShard optimizer;                  // this rank's
  std::map<std::string, std::string> files;  // rank 0: name and content, e.g. config.json
};

// Which checkpoints stay, besides the newest: retention.h says how they are chosen.
struct Retention {
  int64_t keep_last = 2;   // 0: all
  int64_t keep_best = 0;   // with the best evaluations
  int64_t keep_every = 0;  // multiples of so many steps; 0: none
};

struct CheckpointStoreOptions {
  std::filesystem::path folder;  // RUN/checkpoints, made if missing
  int rank = 0, size = 1;
  int64_t keep_last = 2;   // 0: all
  std::string nonce;       // the same on all ranks, new at every start
  double timeout_s = 600;  // how long rank 0 waits for the other ranks' parts
  int64_t keep_best = 0, keep_every = 0;
  Retention retention() const { return {keep_last, keep_best, keep_every}; }
};

// Writes checkpoints in a background thread. Use from one thread.
class CheckpointStore {
 public:
  explicit CheckpointStore(CheckpointStoreOptions options);
  ~CheckpointStore();

  // Copies the contents to a staging buffer (allocated once, at the first call) and returns; waits first if the last
  // one is still being written. A failed write (full disk, unwritable folder) removes what it left, is logged as a
  // warning, and is told by the next failure(): training goes on and older checkpoints are untouched.
  void save(const CheckpointContents& contents);
  // Waits for the background. Then latest() is up to date on rank 0.
  void wait();
  std::optional<std::string> failure() const;  // of the last save
  const std::filesystem::path& folder() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// The newest checkpoint in RUN/checkpoints whose manifest and checksums are good; damaged ones are skipped with a
// warning that names the file. Absent: there is none. Throws CheckpointError if there are only damaged ones.
std::optional<std::filesystem::path> find_checkpoint(const std::filesystem::path& checkpoints);

// The checkpoint of that step or, if it is damaged or missing, the newest good one before `spike_step`, with a warning.
// Throws CheckpointError if there is none.
std::filesystem::path find_rollback_point(const std::filesystem::path& checkpoints, int64_t step, int64_t spike_step);

// Removes what earlier starts left half-written. Rank 0, before any save.
void remove_unfinished_checkpoints(const std::filesystem::path& checkpoints);

// Reads one checkpoint. Throws CheckpointError: found, wanted, remedy.
class CheckpointReader {
 public:
  // Reads the manifest and checks that every file is there with its size; verify: also their checksums.
  CheckpointReader(std::filesystem::path folder, bool verify);
  ~CheckpointReader();

  const TrainingPosition& position() const;
  const std::filesystem::path& folder() const;
  std::string file(const std::string& name) const;  // content of a small file; throws if absent
  bool has_file(const std::string& name) const;
  std::string checksum(const std::string& name) const;  // of any file, as the manifest says; throws if absent

  // Into host memory of the tensor's shape and dtype; a stored dtype other than wanted (f32, bf16) is converted.
  void read_weight(const std::string& name, const Tensor& out) const;
  // The moving average of a weight. Only where the checkpoint has one.
  bool has_average() const;
  void read_average(const std::string& name, const Tensor& out) const;

  // What the optimizer kept of each group of parameters; no group: the checkpoint has weights only.
  struct Group {
    std::string name;
    int64_t elements = 0;
    std::vector<std::string> states;
  };
  std::vector<Group> groups() const;
  std::string optimizer() const;  // its name
  // Elements [begin, end) of a state of a group, from however many shards hold them. Throws CheckpointError if it has
  // not as many.
  void read_state(const std::string& group, const std::string& state, int64_t begin, int64_t end, float* out) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace convoy
