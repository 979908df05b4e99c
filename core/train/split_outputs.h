// What a model gives for every sample of a split: the ranks share the work, and all of them get all of it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/comm/communicator.h"
#include "core/data/batch_source.h"
#include "core/device/device.h"
#include "core/device/stream.h"
#include "core/train/model.h"

namespace convoy {

struct SplitOutputs {
  Device& device;
  Communicator& ranks;
  Stream& compute;
  const Model& model;  // inputs that the source does not give are zero
  BatchSource& source;
  int64_t micro_batch = 1;
  std::string output;  // of the graph, (B, n) f32
  // Told now and then: samples that all ranks have done, and will do.
  std::function<void(int64_t done, int64_t all)> progress = {};
};

// Collective. (samples, n), in the order of the split's first epoch. Micro-batch i is computed by rank i mod N, so that
// each value has the same bits on any number of ranks. Throws on every rank if one rank's data cannot be read.
std::vector<float> outputs_of_split(const SplitOutputs& parts, Split split);

}  // namespace convoy
