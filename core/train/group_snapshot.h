// What one group of parameters has for a checkpoint, on the host.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/checkpoint/checkpoint.h"
#include "core/comm/communication.h"
#include "core/parameters/parameter_storage.h"

namespace convoy {

// Host views of this rank's part: rank 0 has the weights, every rank the states of the shards it owns or, where every
// rank has all of them, of an even range. On a CPU device these are the device's own memory where it has them in one
// piece; otherwise pinned copies, allocated once.
class GroupSnapshot {
 public:
  // parameters: of a group that is trained, or frozen ones, of which there are weights alone. arena, world_rank: as
  // Snapshot has them.
  GroupSnapshot(Communication& communication, ParameterStorage& parameters, std::string name, const Tensor& arena,
                int world_rank);

  // states(), without memory, of parameters that are trained.
  static StateShard planned_states(const ParameterLayout& layout, const Sharding& sharding, std::string name,
                                   const std::vector<StateShard::Array>& states, int world_rank);
  // Enqueued on compute; valid once it is synchronized, until the next step.
  StateShard states();
  // Collective. Flat, in the storage's layout; null but on rank 0. Where weights are sharded it waits.
  const void* weights();
  const ParameterLayout& layout() const { return parameters_.layout(); }
  // Of a weight that the group has, within weights().
  Tensor weight(const void* weights, int parameter) const;

 private:
  void find_part(int world_rank);
  void gather_weights(std::byte* to);
  const void* on_host(const Tensor& tensor, size_t slot);
  void* slot(size_t slot, size_t bytes);

  Communication& communication_;
  ParameterStorage& parameters_;
  const Tensor arena_;
  const bool first_rank_;
  std::vector<std::pair<std::string, Tensor>> states_;  // master weights, the optimizer's, each compact
  StateShard shard_;                                    // without its arrays
  int64_t first_ = 0;                                   // of the arrays, in the state's own
  std::vector<Memory> copies_;                          // of the states, and of the weights
};

}  // namespace convoy
