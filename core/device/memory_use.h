// Bytes by what they are for.
#pragma once

#include <cstddef>

namespace convoy {

struct MemoryUse {
  // On the device.
  size_t weights = 0;        // also those gathered for a while from other ranks' shards
  size_t gradients = 0;      // of weights
  size_t optimizer = 0;      // its states, master weights, and what it works in
  size_t activations = 0;    // what layers pass on and keep for backward, and the gradients of it
  size_t communication = 0;  // what is sent from and received into
  size_t workspace = 0;      // of operators, and results of a step
  // On the host; pinned where the device is another.
  size_t host = 0;

  size_t on_device() const { return weights + gradients + optimizer + activations + communication + workspace; }
  MemoryUse& operator+=(const MemoryUse& more) {
    weights += more.weights;
    gradients += more.gradients;
    optimizer += more.optimizer;
    activations += more.activations;
    communication += more.communication;
    workspace += more.workspace;
    host += more.host;
    return *this;
  }
  bool operator==(const MemoryUse&) const = default;
};

inline MemoryUse operator+(MemoryUse a, const MemoryUse& b) { return a += b; }

}  // namespace convoy
