// What of a plan takes most: the largest single tensors of the moment when the arena is fullest.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/train/model_plan.h"

namespace convoy {

struct PlannedTensor {
  std::string name;       // "transformer.h.*.mlp.0": all of that form
  std::string_view kind;  // as MemoryUse names it
  size_t bytes = 0;       // of each
  int count = 1;          // alike and there at the same time
};

// At most so many, the largest first.
std::vector<PlannedTensor> largest_tensors(const ModelPlan& model, size_t most);

}  // namespace convoy
