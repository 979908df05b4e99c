// ShardedWeights over a communicator: ZeRO stage 3.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/comm/communication.h"
#include "core/plan/sharded_weights.h"
#include "core/train/model.h"

namespace convoy {

class WeightGatherer final : public ShardedWeights {
 public:
  // Of the groups that are trained.
  WeightGatherer(Communication& communication, const Model& model);

  // What the log of collectives calls the gathers from now on.
  void begin_step(int64_t step) { step_ = step; }
  void gather(int group, int bucket, const Tensor& to) override;
  void await(int group, int bucket) override;

 private:
  struct Group {
    const ParameterStorage& storage;
    std::vector<std::string> labels;               // per bucket
    std::vector<std::unique_ptr<Event>> gathered;  // per bucket
  };

  Communication& communication_;
  int64_t step_ = 0;
  std::vector<Group> groups_;
};

}  // namespace convoy
