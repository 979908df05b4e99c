// Adds the gradients of one rank's virtual ranks as they come, by the fixed tree (comm/reduction_tree.h).
//
// A binary counter: the sum of 2^k neighbouring leaves waits in a buffer of its own until its neighbour is complete.
// Leaves arrive in the flat gradients themselves. The last leaf completes all sums there, range by range.
#pragma once

#include <cstdint>
#include <vector>

#include "core/device/device.h"
#include "core/tensor/tensor.h"

namespace convoy {

class VirtualRankSum {
 public:
  // leaves: of this rank and step. through: dtype that leaves and sums are rounded to. round_elements: how many are
  // rounded at a time, at least as many as any range of finish().
  VirtualRankSum(Device& device, Stream& stream, const Tensor& gradients, int64_t leaves, DType through,
                 int64_t round_elements);

  static size_t bytes(int64_t elements, int64_t leaves, DType through, int64_t round_elements);

  // Takes in the leaf in the gradients, which may be overwritten afterwards. Not for the last leaf.
  void store();
  // Turns elements [begin, end) of the last leaf into the sum over all leaves.
  void finish(int64_t begin, int64_t end);
  // The next leaf is the first one.
  void restart();

 private:
  void round(const Tensor& x);

  Device& device_;
  Stream& stream_;
  const Tensor gradients_;
  const DType through_;
  Memory partial_memory_, round_memory_;
  std::vector<Tensor> unused_;    // buffers for partial sums
  std::vector<Tensor> by_level_;  // [k]: sum of 2^k leaves, if bit k of added_ is set
  uint64_t added_ = 0;            // leaves stored
};

}  // namespace convoy
