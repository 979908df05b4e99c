// One run over a graph as its layers see it: operators, stream, scratch, and whether this is training.
//
// The same layer code serves two ends. When planning, `measuring` is set: tensors have shapes but no memory, nothing is
// executed, and scratch only notes how much was asked for. So what is planned cannot differ from what is run.
#pragma once

#include <algorithm>
#include <cstddef>

#include "core/ops/ops.h"

namespace convoy {

class KeyValueCache;
class ShardTraffic;

// Memory that lives for one action of the plan, handed out front to back.
class Scratch {
 public:
  static constexpr size_t kAlignment = 256;

  Scratch() = default;
  explicit Scratch(Tensor memory) : memory_(memory) {}

  Tensor take(DType dtype, const Shape& shape);
  size_t peak_bytes() const { return peak_; }
  size_t used_bytes() const { return used_; }
  void rewind(size_t used) { used_ = used; }

 private:
  Tensor memory_;  // u8
  size_t used_ = 0, peak_ = 0;
};

struct Pass {
  Ops& ops;
  Stream& stream;
  bool measuring = false;
  bool training = false;   // dropout is on
  bool recompute = false;  // forward again inside backward: only what backward reads is wanted
  uint64_t seed = 0;
  Tensor first_sample;              // (1) i64 on the device: number of the micro-batch's first sample in the whole run
  float loss_scale = 1;             // gradients are those of loss_scale * sum of losses
  int64_t first_position = 0;       // of the sequences' first token; not 0 only when generating
  KeyValueCache* cache = nullptr;   // present only when generating
  ShardTraffic* traffic = nullptr;  // present only where weights are sharded
  Scratch scratch;

  // Every operator a layer calls goes through here; it reserves the operator's own scratch.
  template <class Args>
  void run(Args args) {
    const size_t mark = scratch.used_bytes();
    if constexpr (requires { ops.scratch_bytes(args); }) {
      const size_t bytes = ops.scratch_bytes(args);
      if (bytes > 0) args.scratch = scratch.take(DType::u8, {static_cast<int64_t>(bytes)});
    }
    if (!measuring) ops.run(stream, args);
    scratch.rewind(mark);
  }

  Dropout dropout(float p, uint32_t number, int64_t rows_per_sample) const {
    if (!training || p == 0) return {};
    return {p, seed, random_stream(RandomSite::dropout, number), rows_per_sample, first_sample};
  }
};

}  // namespace convoy
