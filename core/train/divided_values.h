// Values that the ranks of a group have filled a part of each, and that every one of them is to have whole.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "core/comm/leveled_group.h"
#include "core/parameters/sharding.h"
#include "core/tensor/tensor.h"

namespace convoy {

struct DividedValues {
  Tensor tensor;
  // Elements of the tensor; offset: where they stand among the values, from 0, without gaps that matter.
  std::vector<OwnedRange> ranges;
  int64_t share = 0;  // of the values: the rank at place r has filled [r * share, ...), up to their end
};

// Collective, on the stream. staging: memory for as much of every rank's share at a time as it holds, an element at
// least.
void bring_together(const LeveledGroup& group, Stream& stream, const DividedValues& values, const Tensor& staging);

}  // namespace convoy
