// Plans runs of a config as they would be on some number of ranks: without MPI, without a GPU, without allocating.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "core/config/config.h"
#include "core/ops/ops.h"
#include "core/optimizer/optimizer.h"
#include "core/train/run_plan.h"
#include "launcher/plan/time/step_time.h"

namespace convoy {

struct PlanRequest {
  int ranks = 1;
  int ranks_per_node = 1;  // what parallel.shard_ranks = auto goes by
  bool for_card = false;   // device = auto then means cuda
  // Of a rank, where times are modelled: of all that it computes, or, for a card, of its products. Absent: 4e14, an
  // H100 in bf16 at 40% of its peak, or what the card's products are assumed to reach.
  std::optional<double> flops_per_s;
};

struct PlannedRun {
  RankFacts facts;
  ModelPlan model;
  RunPlan plan;            // of rank 0, which has most
  size_t others_host = 0;  // bytes of host memory of the other ranks, at the most
};

class RunPlanner {
 public:
  // Settles the model by the data, if it is there; otherwise by what the config says. Throws ConfigError where that
  // does not suffice, or if this build cannot plan for the device.
  RunPlanner(Config config, const PlanRequest& request);

  // Settled.
  const Config& config() const { return config_; }
  DeviceKind device() const { return device_; }
  // In an epoch; 0: the data is not there.
  int64_t training_samples() const { return training_samples_; }
  // A config that differs from config() in no more than batch, train and parallel. Throws ConfigError if so many ranks
  // cannot run it.
  // tally: told of the operators of a micro-batch; may be null.
  PlannedRun plan(const Config& config, OperatorTally* tally = nullptr) const;

 private:
  void settle_by_data();
  void settle_without_data();

  Config config_;
  const PlanRequest request_;
  DeviceKind device_;
  std::unique_ptr<Ops> ops_;
  int64_t training_samples_ = 0;
  bool evaluates_ = true, every_target_counts_ = true;
};

}  // namespace convoy
