// ShardTraffic over a communicator: ZeRO stage 3.
#pragma once

#include <memory>
#include <vector>

#include "core/comm/communication.h"
#include "core/parameters/parameter_storage.h"
#include "core/plan/shard_traffic.h"

namespace convoy {

class WeightTraffic final : public ShardTraffic {
 public:
  WeightTraffic(Communication& communication, const ParameterStorage& storage);

  // What the log of collectives calls the gathers from now on.
  void begin_step(int64_t step) { step_ = step; }
  void gather(int bucket, const Tensor& to) override;
  void await(int bucket) override;

 private:
  Communication& communication_;
  const ParameterStorage& storage_;
  int64_t step_ = 0;
  std::vector<std::string> labels_;               // per bucket
  std::vector<std::unique_ptr<Event>> gathered_;  // per bucket
};

}  // namespace convoy
