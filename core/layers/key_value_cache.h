// Keys and values of the tokens generated so far, one pair per layer, so that each new token costs one row of
// attention.
#pragma once

#include <cstdint>
#include <vector>

#include "core/device/device.h"
#include "core/ops/attention.h"

namespace convoy {

class KeyValueCache {
 public:
  // Holds `context` tokens of C channels (all key heads together) for B sequences.
  KeyValueCache(Device& device, int layers, int64_t B, int64_t context, int64_t C, DType dtype);

  Heads keys(int layer) const { return heads(2 * layer); }
  Heads values(int layer) const { return heads(2 * layer + 1); }
  int64_t context() const { return context_; }

 private:
  Heads heads(int index) const;

  int64_t B_, context_, C_;
  DType dtype_;
  Memory memory_;
};

}  // namespace convoy
