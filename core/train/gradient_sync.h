// Turns each virtual rank's gradients into the sum over all virtual ranks of all ranks, while backward still runs.
//
// A step is: for each virtual rank of this rank { begin(); passes accumulate into the flat gradients; ready(range) for
// every range as the last pass finishes it; end(); }, then finish(). After finish() the flat f32 gradients hold the sum
// over V virtual ranks by the fixed binary tree of TreeSum, for later work on the compute stream.
// Collective: every rank calls the same sequence.
#pragma once

#include <cstdint>
#include <vector>

namespace convoy {

class GradientSync {
 public:
  virtual ~GradientSync() = default;

  // Elements of the flat gradients, descending, at which a reduction can start: telling of ranges between them gains
  // nothing.
  virtual std::vector<int64_t> cuts() const = 0;

  // Clears the gradients for the next virtual rank of this step.
  virtual void begin(int64_t step) = 0;
  // Elements [begin, end) of the flat gradients are final for this virtual rank once the compute stream has done what
  // is enqueued so far. Ranges come in descending order and cover all of the storage by end().
  virtual void ready(int64_t begin, int64_t end) = 0;
  virtual void end() = 0;
  // The compute stream waits for the sums. Called after the last virtual rank's end().
  virtual void finish() = 0;
  // Milliseconds that the compute stream of the last finished step stood waiting for communication, measured.
  virtual double exposed_ms() const = 0;
};

}  // namespace convoy
