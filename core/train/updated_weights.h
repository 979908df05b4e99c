// Brings the weights that the ranks have updated, each its own shards, together on every rank: ZeRO stages 1 and 2.
#pragma once

#include <vector>

#include "core/comm/communication.h"
#include "core/parameters/parameter_storage.h"

namespace convoy {

class UpdatedWeights {
 public:
  // Of these groups of parameters.
  UpdatedWeights(Communication& communication, std::vector<ParameterStorage*> groups);
  // What there is to bring together of a group.
  struct Gathered {
    const Sharding& sharding;
    DType dtype;
  };
  static MemoryUse planned_memory(const std::vector<Gathered>& groups);
  // By a rank in a step, core/comm/bytes_sent.h.
  static size_t sent_bytes(const std::vector<Gathered>& groups);

  // Enqueues it behind compute's work so far. Nothing to do where every rank updates everything, or keeps shards alone.
  void run(int64_t step);

 private:
  void gather(const ParameterStorage& storage, const Bucket& bucket);

  Communication& communication_;
  const std::vector<ParameterStorage*> groups_;
  Memory staging_;
};

}  // namespace convoy
