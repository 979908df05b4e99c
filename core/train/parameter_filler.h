// Fills parameters with values that can be asked for by their place: a checkpoint's, or initial ones.
//
// A rank asks for what it owns and no more, a piece at a time: never is a copy of all on the host. What every rank
// keeps whole is divided among the ranks that shard, and then brought together; so all values are asked for once in
// each group of those.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/comm/communication.h"
#include "core/parameters/parameter_storage.h"

namespace convoy {

class ParameterFiller {
 public:
  // Elements [begin, end) of flat storage, f32.
  using Values = std::function<void(int64_t begin, int64_t end, float* out)>;

  // arena: device memory that is free meanwhile, through which values are brought together.
  ParameterFiller(Communication& communication, const Tensor& arena) : communication_(communication), arena_(arena) {}

  // This rank's part: weights with their masters, and the moving average where there is one and it is to begin so.
  void weights(const ParameterStorage& storage, const Values& values, bool averages_too);
  // Of a state of the optimizer.
  void state(const ParameterStorage& storage, const std::string& name, const Values& values);
  void zero_state(const ParameterStorage& storage, const std::string& name);

  // Collective, once all parts are filled: brings together what every rank keeps whole.
  void share();

 private:
  struct Target {
    Tensor tensor;
    bool compact = false;  // else flat
  };
  struct Shared {
    Tensor flat;
    int64_t begin = 0, end = 0, shard = 0;  // rank r has [begin + r * shard, ...) of it, up to the end
  };

  void fill(const ParameterStorage& storage, const std::vector<Target>& targets, const Values& values);
  void share_evenly(const ParameterStorage& storage, const Tensor& flat);
  void bring_together(const Shared& shared, const Tensor& staging);

  Communication& communication_;
  const Tensor arena_;
  std::vector<Shared> shared_;
};

}  // namespace convoy
