#include "comm/virtual_rank_sum.h"

#include <algorithm>
#include <bit>

#include "comm/reduction_tree.h"
#include "core/ops/ops.h"
#include "core/ops/reductions.h"

namespace convoy {
namespace {

// Rounding happens only where leaves are added; a lone leaf is rounded on its way to the wire.
size_t bytes_for_rounding(int64_t leaves, DType through, int64_t round_elements) {
  return through == DType::f32 || leaves == 1 ? 0 : static_cast<size_t>(round_elements) * size_of(through);
}

size_t bytes_for_partials(int64_t elements, int64_t leaves) {
  return static_cast<size_t>(partial_sums(leaves)) * static_cast<size_t>(elements) * sizeof(float);
}

}  // namespace

VirtualRankSum::VirtualRankSum(Device& device, Stream& stream, const Tensor& gradients, int64_t leaves, DType through,
                               int64_t round_elements)
    : device_(device),
      stream_(stream),
      gradients_(gradients.reshaped({gradients.elements()})),
      through_(through),
      partial_memory_(device.allocate(bytes_for_partials(gradients.elements(), leaves))),
      round_memory_(device.allocate(bytes_for_rounding(leaves, through, round_elements))),
      by_level_(static_cast<size_t>(std::bit_width(static_cast<uint64_t>(leaves)))) {
  const int64_t n = gradients.elements();
  const int buffers = partial_sums(leaves);
  const Tensor all{partial_memory_.data(), DType::f32, {buffers, n}};
  for (int i = 0; i < buffers; ++i) unused_.push_back(all.range(i * n, n));
}

size_t VirtualRankSum::bytes(int64_t elements, int64_t leaves, DType through, int64_t round_elements) {
  return bytes_for_partials(elements, leaves) + bytes_for_rounding(leaves, through, round_elements);
}

void VirtualRankSum::round(const Tensor& x) {
  const int64_t step = static_cast<int64_t>(round_memory_.bytes() / size_of(through_));
  for (int64_t begin = 0; step > 0 && begin < x.elements(); begin += step) {
    const Tensor part = x.range(begin, std::min(step, x.elements() - begin));
    const Tensor rounded{round_memory_.data(), through_, part.shape};
    device_.ops().run(stream_, Cast{rounded, part});
    device_.ops().run(stream_, Cast{part, rounded});
  }
}

void VirtualRankSum::store() {
  round(gradients_);
  size_t level = 0;
  Tensor sum;
  if ((added_ & 1) == 0) {
    sum = unused_.back();
    unused_.pop_back();
    stream_.copy(sum.data, gradients_.data, gradients_.bytes());
  } else {
    sum = by_level_[0];
    device_.ops().run(stream_, Add{sum, gradients_, through_});
    for (level = 1; (added_ >> level & 1) != 0; ++level) {
      device_.ops().run(stream_, Add{by_level_[level], sum, through_});
      unused_.push_back(sum);
      sum = by_level_[level];
    }
  }
  by_level_[level] = sum;
  ++added_;
}

// The lowest levels hold the nearest leaves: adding them first gives the tree's right subtrees from the inside out.
void VirtualRankSum::finish(int64_t begin, int64_t end) {
  const Tensor sum = gradients_.range(begin, end - begin);
  if (added_ > 0) round(sum);
  for (size_t level = 0; added_ >> level != 0; ++level)
    if ((added_ >> level & 1) != 0)
      device_.ops().run(stream_, Add{sum, by_level_[level].range(begin, end - begin), through_});
}

void VirtualRankSum::restart() {
  for (size_t level = 0; added_ >> level != 0; ++level)
    if ((added_ >> level & 1) != 0) unused_.push_back(by_level_[level]);
  added_ = 0;
}

}  // namespace convoy
