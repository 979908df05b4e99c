// One optimizer step: forward and backward of this rank's micro-batches, reduction, update.
#pragma once

#include <memory>
#include <vector>

#include "core/comm/communication.h"
#include "core/comm/mesh.h"
#include "core/data/prefetcher.h"
#include "core/optimizer/optimizer_step.h"
#include "core/plan/captured_program.h"
#include "core/train/debug_checks.h"
#include "core/train/gradient_sync.h"
#include "core/train/model.h"
#include "core/train/sentinel.h"
#include "core/train/stop_request.h"
#include "core/train/updated_weights.h"
#include "core/train/weight_gatherer.h"

namespace convoy {

struct StepResult {
  double loss = 0;  // mean over the targets of the global batch that count, by the fixed tree: the same bits for any
                    // number of ranks
  double grad_norm = 0;      // before clipping
  bool skipped = false;      // the norm was not finite: no weight was changed
  StopRequest request;       // of any rank
  bool out_of_data = false;  // some rank cannot read what its next step needs: there can be no next step
};

class TrainStep {
 public:
  struct Parts {
    Communication& communication;
    const Mesh& mesh;
    Model& model;
    OptimizerStep& optimizer;
    UpdatedWeights& weights;
    WeightGatherer& gatherer;
    std::vector<GradientSync*> syncs;  // of each group of parameters that is trained
    BatchSource& source;
    Prefetcher& data;
    SampleSchedule schedule;
    uint64_t seed = 0;
    bool capture = true;          // replay forward, backward and update as captured work; debug never does
    BucketHash::Buckets buckets;  // the GradientSyncs'
    int64_t sentinel_every = 0;   // steps; 0: never
    std::string who;              // this rank's host and device
    DebugChecks* debug = nullptr;
    int64_t debug_from_step = 0;
    int64_t debug_print_every = 1;  // steps
  };
  explicit TrainStep(const Parts& parts);
  static MemoryUse planned_memory(int64_t virtual_ranks_here, int64_t virtual_ranks);

  // Runs step number `step` (from 1) and waits for it. `mine`: this rank's request. another: a step comes after it,
  // whose micro-batches are waited for, so that all ranks learn at once if one of them cannot read them.
  StepResult run(int64_t step, double lr, const StopRequest& mine, bool another);

  // The run went back: the next step is the first of this schedule. The data follows without a gap.
  void go_on(const SampleSchedule& schedule);

 private:
  void run_virtual_rank(int64_t step, int64_t index);
  void run_pass(int64_t pass, bool last, int64_t virtual_rank);
  void add_weights(int64_t step);
  void check_weight(double weight) const;
  void make_sentinel();
  std::vector<std::vector<int64_t>> cuts() const;
  std::vector<Tensor> flat_gradients() const;
  void run_uncaptured(bool last);
  void ready(const std::vector<int64_t>& final_from);
  void load(const HostBatch& batch);
  void wait_for_results();
  StepResult exchange_results(const StopRequest& mine, bool can_go_on);

  Parts p_;
  Device& device_;
  Communicator& communicator_;
  Stream& compute_;
  Tensor first_sample_, weight_;  // weight: of the global batch
  Tensor losses_, weights_;       // sums of each virtual rank of this rank
  Tensor all_weights_;            // of all ranks
  bool counts_alike_ = true;      // every target weighs 1
  Memory memory_, results_on_host_;
  std::vector<Tensor> inputs_;  // the training program's, in the order of the source's fields
  double nominal_weight_ = 1;   // targets of a global batch
  float loss_scale_ = 1;
  std::unique_ptr<Pass> pass_;
  std::unique_ptr<CapturedProgram> captured_;
  std::unique_ptr<Sentinel> sentinel_;
  DebugChecks* debug_ = nullptr;     // while a step is checked
  BucketHash* hash_ = nullptr;       // of the pass that runs, where the sentinel wants it
  std::vector<int64_t> ready_from_;  // of each group
};

}  // namespace convoy
