// Fills parameters with values that can be asked for by their place: a checkpoint's, or initial ones.
//
// A rank asks for a part of what it keeps and no more, a piece at a time: never is a copy of all on the host. What
// several ranks keep, those of a group that shards or those with the same shards, is divided among them and then
// brought together; so all values are asked for once in the whole job.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/comm/communication.h"
#include "core/parameters/parameter_storage.h"
#include "core/train/divided_values.h"

namespace convoy {

class ParameterFiller {
 public:
  // Elements [begin, end) of flat storage, f32.
  using Values = std::function<void(int64_t begin, int64_t end, float* out)>;

  // replicas: the ranks with the same shards, null: there are none. arena: device memory that is free meanwhile,
  // through which values are brought together.
  ParameterFiller(Communication& communication, const LeveledGroup* replicas, const Tensor& arena)
      : communication_(communication), replicas_(replicas), arena_(arena) {}

  // This rank's part: weights with their masters, and the moving average where there is one and it is to begin so.
  void weights(const ParameterStorage& storage, const Values& values, bool averages_too);
  // Of a state of the optimizer.
  void state(const ParameterStorage& storage, const std::string& name, const Values& values);
  void zero_state(const ParameterStorage& storage, const std::string& name);

  // Collective, once all parts are filled: brings them together.
  void share();

 private:
  struct Target {
    Tensor tensor;
    bool compact = false;  // else flat
  };

  void fill(const ParameterStorage& storage, const std::vector<Target>& targets, const Values& values);
  std::vector<OwnedRange> kept_ranges(const ParameterStorage& storage) const;
  void share_evenly(const ParameterStorage& storage, const Tensor& flat);
  Tensor staging(Memory& more) const;
  void bring_together(const LeveledGroup& group, std::vector<DividedValues>& divided, const Tensor& staging);

  Communication& communication_;
  const LeveledGroup* const replicas_;
  const Tensor arena_;
  // Of replicas, which make parts of the group's ranks whole; then those of the group.
  std::vector<DividedValues> of_replicas_, of_group_;
};

}  // namespace convoy
