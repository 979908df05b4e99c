// Turns each virtual rank's gradients into the sum over all virtual ranks of all ranks, while backward still runs.
//
// A step is: for each virtual rank of this rank { begin(); passes accumulate into the gradients; ready(range) for every
// range as the last pass finishes it; end(); }, then finish(). After finish() the sums over V virtual ranks, by the
// fixed binary tree of TreeSum, are there for later work on the compute stream.
// Collective: every rank calls the same sequence.
#pragma once

#include <cstdint>
#include <vector>

#include "core/tensor/tensor.h"

namespace convoy {

// Gradients that are reduced together.
struct GradientBucket {
  int64_t begin = 0, end = 0;  // elements of flat storage
  // f32: what backward adds to. The bucket's elements, or, with own_sum, one shard for every rank: then what lies
  // beyond the bucket's elements is zero.
  Tensor values;
  Tensor own_sum;  // (shard) f32: where this rank's shard of the sum goes; absent: all of the sum goes to values
  int64_t elements() const { return end - begin; }
};

class GradientSync {
 public:
  virtual ~GradientSync() = default;

  // Elements of the flat gradients, descending, at which a reduction can start: telling of ranges between them gains
  // nothing.
  virtual std::vector<int64_t> cuts() const = 0;

  // Clears the gradients for the next virtual rank of this step, unless each bucket has memory of its own.
  virtual void begin(int64_t step) = 0;
  // Elements [begin, end) of the flat gradients are final for this virtual rank once the compute stream has done what
  // is enqueued so far. Ranges come in descending order and cover all of the storage by end().
  virtual void ready(int64_t begin, int64_t end) = 0;
  virtual void end() = 0;
  // The compute stream waits for the sums. Called after the last virtual rank's end().
  virtual void finish() = 0;
};

}  // namespace convoy
