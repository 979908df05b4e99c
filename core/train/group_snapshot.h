// What one group of parameters has for a checkpoint, on the host.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/checkpoint/checkpoint.h"
#include "core/comm/communication.h"
#include "core/parameters/parameter_storage.h"
#include "core/train/weight_files.h"

namespace convoy {

// Host views of this rank's part: of the weights what it writes, every rank the states of the shards it owns or, where
// every rank has all of them, of an even range. On a CPU device these are the device's own memory where it has them in
// one piece; otherwise pinned copies, allocated once.
class GroupSnapshot {
 public:
  // parameters: of a group that is trained, or frozen ones, of which there are weights alone. arena, world_rank: as
  // Snapshot has them. wanted: of the weights, in flat storage.
  GroupSnapshot(Communication& communication, ParameterStorage& parameters, std::string name, const Tensor& arena,
                int world_rank, const WeightFiles::Range& wanted);

  // states(), without memory, of parameters that are trained.
  static StateShard planned_states(const ParameterLayout& layout, const Sharding& sharding, std::string name,
                                   const std::vector<StateShard::Array>& states, int world_rank);
  // Enqueued on compute; valid once it is synchronized, until the next step.
  StateShard states();
  // Collective. Those that are wanted here, for weight(); null if none are. Where weights are sharded it waits.
  const void* weights();
  const ParameterLayout& layout() const { return parameters_.layout(); }
  // Over this rank's part of the weights, where a resume will read them: no master stands for them. Waits for compute.
  std::optional<BlockSum> weights_sum() const;
  // Of a weight that the group has, within weights().
  Tensor weight(const void* weights, int parameter) const;

 private:
  void gather_weights(std::byte* to);
  const void* on_host(const Tensor& tensor, size_t slot);
  void* slot(size_t slot, size_t bytes);

  Communication& communication_;
  ParameterStorage& parameters_;
  const Tensor arena_;
  const bool holds_;  // a part, which no other rank has written
  const WeightFiles::Range wanted_;
  std::vector<std::pair<std::string, Tensor>> states_;  // master weights, the optimizer's, each compact
  StateShard shard_;                                    // without its arrays
  int64_t first_ = 0;                                   // of the arrays, in the state's own
  std::vector<Memory> copies_;                          // of the states, and of the weights
};

}  // namespace convoy
