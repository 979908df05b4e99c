// A checkpoint: a folder that exists whole or not at all.
//
//   checkpoints/step-00000500/
//     model.safetensors                        weights under their Hugging Face names, in the compute dtype; large ones
//     as
//                                              model-00001-of-00003.safetensors ... and model.safetensors.index.json
//     optimizer-00000-of-00002.safetensors     one per node: its ranks' states of the optimizer and (bf16 runs) master
//                                              weights
//     ema.safetensors                          where the run keeps one: the weights' moving average, f32, in as many
//                                              files as the weights
//     config.json, config.yaml, tokenizer.json small files
//     manifest.json                            step, position, virtual ranks, every file's bytes and checksum
//   checkpoints/latest                         text: the newest one's name
//   checkpoints/best                           where the run keeps one: the best one's name
//
// Rank 0 makes `.step-00000500.NONCE.SAVE.tmp`, and every rank writes its part there and fsyncs it: two operations of
// the file system, whatever the number of ranks. What they wrote is told to rank 0 by messages; it writes the manifest,
// renames the folder and fsyncs its parent. All this happens in a background thread, over a communicator of its own,
// while training goes on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/checksum.h"
#include "core/checkpoint/safetensors.h"
#include "core/comm/communicator.h"
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

// This rank's part of what is kept of a group of parameters. Flat arrays of `total` elements are cut, and of each cut
// every rank that holds a part has a shard, the rank's place in the order of shards; the last ones may reach beyond the
// cut. Shards begin at multiples of BlockSum::kBlock. `total` leaves out padding that depends on the number of ranks,
// so that any number of ranks can read it back.
struct StateShard {
  struct Array {
    std::string name;
    const void* data = nullptr;  // of `held` elements; may be null if there are none
    DType dtype = DType::f32;    // or bf16
  };
  struct Place {
    std::string name;  // of a weight
    int64_t offset = 0;
  };
  std::string group;  // empty: the only one
  std::vector<Bucket> cuts;
  int64_t elements = 0, total = 0;  // of each holder's arrays: the cuts' shards at their offsets
  int64_t held = 0;                 // the first of them, that this rank has; what is behind belongs to no part
  std::vector<Array> arrays;        // every rank has the same, even where it holds no part
  std::vector<Place> places;        // where an average is kept and this rank writes weights: these in flat storage
};

struct OptimizerShard {
  std::string name;  // of the optimizer: "adamw"
  std::vector<StateShard> groups;
  int place = 0, holders = 1;  // this rank's among those that hold parts, which are the first ranks
};

// What a resume reads of the weights themselves, since no master stands for them.
struct SummedWeights {
  std::string name;  // the number of the group, or of what is kept and not trained, among all that is saved
  BlockSum sum;      // over this rank's part of flat storage
};

struct WeightsPart {
  int file = 0;
  size_t tensors = 0;
};

struct CheckpointContents {
  TrainingPosition position;
  std::vector<NamedTensor> weights;          // those that this rank writes: of one file rank 0 has all
  int weight_files = 1;                      // that all ranks write together, the same on every rank
  std::vector<WeightsPart> weight_parts;     // of several files: this rank's, in the order of `weights`
  std::string weights_index;                 // of several files, on rank 0: kWeightsIndexName
  std::string average_index;                 // likewise, where an average is kept: kAverageIndexName
  OptimizerShard optimizer;                  // this rank's
  std::vector<SummedWeights> summed;         // every rank has the same names
  std::map<std::string, std::string> files;  // rank 0: name and content, e.g. config.json

  // `weight_parts`, also where rank 0 writes all of them.
  std::vector<WeightsPart> parts() const;
};

// Which checkpoints stay, besides the newest: retention.h says how they are chosen.
struct Retention {
  int64_t keep_last = 2;   // 0: all
  int64_t keep_best = 0;   // with the best evaluations
  int64_t keep_every = 0;  // multiples of so many steps; 0: none
};

struct CheckpointStoreOptions {
  std::filesystem::path folder;  // RUN/checkpoints, made if missing
  std::string nonce;             // the same on all ranks, new at every start
  int64_t keep_last = 2;         // 0: all
  int64_t keep_best = 0, keep_every = 0;
  int ranks_per_file = 1;  // neighbours that write their states of the optimizer into one file: those of a node
  Retention retention() const { return {keep_last, keep_best, keep_every}; }
};

// Writes checkpoints in a background thread. Use from one thread.
class CheckpointStore {
 public:
  // Collective. Of all ranks of the communicator, which outlives the store; every rank saves the same steps. Whether
  // the folder can be written is for rank 0 to find out.
  CheckpointStore(Communicator& ranks, CheckpointStoreOptions options);
  ~CheckpointStore();

  // Makes the folder. At the start, not hours later at the first save: a ConfigError, if nothing can be written there.
  static void check_writable(const CheckpointStoreOptions& options);

  // Copies the contents to a staging buffer (allocated once, at the first call) and returns; waits first if the last
  // one is still being written. A failed write (full disk, unwritable folder) removes what it left, is logged as a
  // warning, and is told by the next failure(), to all ranks the same: training goes on and older checkpoints are
  // untouched.
  void save(const CheckpointContents& contents);
  // Waits for the background. Then latest() is up to date on rank 0.
  void wait();
  bool begun() const;                          // something was saved
  int64_t written_bytes() const;               // by this rank, of the last save so far
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

// Reads one checkpoint; each file is opened once, when something of it is wanted. Use from one thread. Throws
// CheckpointError: found, wanted, remedy.
class CheckpointReader {
 public:
  // Reads the manifest and checks that every file is there with its size; verify: also their checksums.
  CheckpointReader(std::filesystem::path folder, bool verify);
  // From what another rank's reader gave as head(): looks at no file.
  CheckpointReader(std::filesystem::path folder, std::string_view head);
  ~CheckpointReader();

  // The manifest and the small files, checked. From then on those are not read from the disk any more.
  std::string head();
  // Checks the checksums of the large files that a resume does not read whole, and these alone: of the share that falls
  // to one of so many ranks.
  void verify_share(int rank, int ranks) const;
  // What the sum over a state of a group, or over the weights of a group or of what is kept, must be; absent: this
  // checkpoint was written before there were any, and verify_share() looks at all.
  std::optional<std::string> sum_of_state(const std::string& group, const std::string& state) const;
  std::optional<std::string> sum_of_weights(const std::string& name) const;
  // Tells the weights from others: of their file, or of all their files.
  std::string weights_checksum() const;

  const TrainingPosition& position() const;
  const std::filesystem::path& folder() const;
  std::string file(const std::string& name) const;  // content of a small file; throws if absent
  bool has_file(const std::string& name) const;
  std::string checksum(const std::string& name) const;  // of any file, as the manifest says; throws if absent

  // Into host memory of the tensor's shape and dtype; a stored dtype other than wanted (f32, bf16) is converted.
  void read_weight(const std::string& name, const Tensor& out) const;
  // The moving average of a weight. Only where the checkpoint has one.
  bool has_average() const;
  std::string average_checksum() const;
  void read_average(const std::string& name, const Tensor& out) const;
  // Elements [begin, begin + count) of a weight, or of its average, that is stored in that shape, as f32.
  void read_weight_range(const std::string& name, const Shape& shape, int64_t begin, int64_t count, float* out) const;
  void read_average_range(const std::string& name, const Shape& shape, int64_t begin, int64_t count, float* out) const;

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
