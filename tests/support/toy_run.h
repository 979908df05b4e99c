// A small GPT-2 trained from memory: a Trainer with all real parts but the data and the files.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "comm/simulated/cluster.h"
#include "core/base/file_observer.h"
#include "core/models/gpt2_family.h"
#include "core/train/trainer.h"

namespace convoy::test {

struct ToyResult {
  std::vector<double> losses;  // of every step; those that a rollback undid are gone
  std::vector<double> grad_norms, learning_rates;
  std::vector<EvaluationMetrics> evaluations;
  std::vector<RollbackMetrics> rollbacks;
  std::vector<FinalMetrics> finals;
  TrainingOutcome outcome = TrainingOutcome::finished;
  std::vector<DataChangeMetrics> data_changes;
  TrainingPosition position;       // at the end
  std::vector<std::byte> weights;  // of all parameters, in the order of the layout
  int64_t allocations_after_first_step = 0;
  size_t planned_bytes = 0, allocated_bytes = 0;
  std::vector<size_t> sent_bytes;                             // by rank 0 up to each step's end
  size_t planned_sent_bytes = 0;                              // in a step
  std::map<std::string, size_t> communicated_bytes;           // by what the log calls it
  std::map<std::string, simulated::Traffic> planned_traffic;  // of a step
  size_t communication_bytes = 0;                             // planned memory of gradient syncs and gathers
  size_t bucket_bytes = 0;                                    // of all gradients
  std::map<std::string, simulated::Traffic> traffic;          // of rank 0 in all: CountingCommunicator's by_label()
};

// A config of 2 layers, 2 heads, 16 channels, context 12; 4 virtual ranks; change what a test is about.
Config toy_config();

// Its sizes; the vocabulary is the source's.
Gpt2Config& gpt2_of(Config& config);

// What a toy run has beside its config.
struct ToyParts {
  std::function<void(Split, int64_t)> before_sample;  // called for every sample that is read; may throw
  std::function<bool(int64_t)> mislabelled;           // training samples whose targets are others
  std::function<bool(int64_t, int64_t)> ignored;      // (training sample, position): its target does not count
  std::function<int64_t(int64_t)> sample_at;          // training sample i is that one; absent: i
  int64_t validation_samples = -1;                    // -1: the source's
  int64_t test_samples = 0;
  int64_t training_samples = -1;                                 // -1: more than any test takes
  std::string identity;                                          // of the data
  std::filesystem::path checkpoints;                             // empty: nothing is saved
  bool resume = false;                                           // from the newest checkpoint
  std::function<StopRequest()> poll_stop;                        // of every rank; absent: never
  std::vector<SampleSkip> skips;                                 // as TrainerParts has them
  std::function<std::unique_ptr<Optimizer>()> optimizer;         // absent: the config's
  std::function<std::unique_ptr<Schedule>()> schedule;           // absent: the config's
  std::vector<GroupRule> groups;                                 // of the parameters; none: the config's
  std::function<Graph(const Gpt2Config&, int64_t B)> graph;      // of the same inputs; absent: GPT-2's
  std::function<std::unique_ptr<Device>(int rank)> make_device;  // absent: CPU devices of one thread
  simulated::Cluster cluster;                                    // that traffic is counted for
  std::function<FileObserver*(int rank)> observe_files;          // of each rank; absent: none
};

// Runs the config on `ranks` ranks that are threads; returns what rank 0 saw.
ToyResult toy_run(const Config& config, int ranks, const ToyParts& parts = {});

// Rank 0 alone as if there were so many (comm/simulated/lone_communicator.h): its values mean nothing.
ToyResult lone_toy_run(const Config& config, int ranks, const ToyParts& parts = {});

}  // namespace convoy::test
