// Finds devices that silently compute wrong: every so many steps each rank computes the gradients of its neighbour's
// first micro-batch as well and compares hashes. Since all operators are deterministic, equal devices have equal bits.
//
// Where two ranks differ, all compute the same micro-batch once more, and whoever is not of the majority is named. With
// two ranks of which one is wrong again and again in the same way there is no majority; then both are.
//
// Costs a forward and a backward pass and a hash every `every_steps` steps.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/data/batch_source.h"
#include "core/data/sample_schedule.h"
#include "core/train/bucket_hash.h"
#include "core/train/model.h"

namespace convoy {

// A rank and the hash it found for some micro-batch.
struct Finding {
  int rank = 0;
  std::string hash;
};
// The ranks that found another hash than most, ascending; all of them if there is no majority, none if all agree.
std::vector<int> dissenters(const std::vector<Finding>& findings);

class Sentinel {
 public:
  struct Parts {
    Communication& communication;
    Communicator& ranks;  // of the data axis
    const Program& training;
    BatchSource& source;
    SampleSchedule schedule;
    BucketHash::Buckets buckets;
    std::vector<Tensor> flat_gradients;  // of each group; absent if each bucket has memory of its own
    Pass pass;                           // as the step's own
    std::vector<Tensor> inputs;          // the program's, in the order of the source's fields
    int64_t every_steps = 1;
    std::string who;  // this rank's host and device, as an error shall name them
  };
  explicit Sentinel(Parts parts);
  // The host memory of it. fields: a micro-batch.
  static size_t planned_bytes(int64_t largest_bucket, std::span<const Tensor> fields);

  // The run went back: the steps that follow are as this schedule says.
  void go_on(const SampleSchedule& schedule);

  bool due(int64_t step) const { return step % p_.every_steps == 0; }
  // Collective, before the step's own passes; overwrites inputs and gradients.
  void check_neighbour(int64_t step);
  // The hash of this rank's first pass of the step, to be filled while it runs.
  BucketHash& own() { return own_; }
  // Collective, before anything is updated. Throws SharedError (wrong_bits) on every rank if ranks differ.
  void judge(int64_t step);

 private:
  int64_t first_sample(int64_t step, int rank) const;
  std::string compute(int64_t first_sample);
  std::vector<std::string> gather(const std::string& mine);
  [[noreturn]] void accuse(int64_t step, const std::vector<int>& wrong);

  Parts p_;
  Communicator& communicator_;
  BucketHash own_, other_;
  Memory sample_on_host_;
  std::vector<Tensor> batch_;
  Memory batch_memory_;
  std::string neighbours_;  // what this rank found for the neighbour's micro-batch
  int64_t last_clean_step_ = 0;
};

}  // namespace convoy
