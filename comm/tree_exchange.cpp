#include "comm/tree_exchange.h"

#include <algorithm>

#include "core/base/integers.h"
#include "core/comm/bytes_sent.h"
#include "core/ops/ops.h"
#include "core/ops/reductions.h"

namespace convoy {
namespace {

constexpr size_t kTreeExchangeAlignment = 256;

int64_t part_of(const SummedBuffer& buffer, int ranks) {
  return buffer.own_sum ? buffer.own_sum.elements() : ceil_div(buffer.values.elements(), int64_t{ranks});
}

// A buffer goes out directly if it is of the wire's dtype and splits evenly over the ranks.
bool is_direct(const SummedBuffer& buffer, int ranks, DType wire) {
  return wire == DType::f32 && buffer.values.elements() == part_of(buffer, ranks) * ranks;
}

// Sums are f32. Those that go on in another dtype, to the next level or back, are first put here.
int64_t sum_between(const SummedBuffer& buffer, const Levels& levels, DType wire) {
  if (wire == DType::f32) return 0;
  const int64_t last = part_of(buffer, levels.ranks()), padded = last * levels.ranks();
  if (levels.sizes().size() > 1) return padded / levels.sizes().front();
  return buffer.own_sum ? 0 : last;
}

struct TreeExchangeSizes {
  size_t received = 0, staged = 0, sum = 0;  // bytes, one behind the other
  size_t all() const { return received + staged + sum; }
};

TreeExchangeSizes tree_exchange_sizes(const std::vector<SummedBuffer>& buffers, const Levels& levels, DType wire) {
  TreeExchangeSizes most;
  const int ranks = levels.ranks();
  for (const SummedBuffer& buffer : buffers) {
    const size_t padded = static_cast<size_t>(part_of(buffer, ranks) * ranks) * size_of(wire);
    most.received = std::max(most.received, padded);
    if (!is_direct(buffer, ranks, wire)) most.staged = std::max(most.staged, padded);
    most.sum = std::max(most.sum, static_cast<size_t>(sum_between(buffer, levels, wire)) * sizeof(float));
  }
  most.received = round_up(most.received, kTreeExchangeAlignment);
  most.staged = round_up(most.staged, kTreeExchangeAlignment);
  return most;
}

}  // namespace

TreeExchange::TreeExchange(Device& device, Stream& stream, const LeveledGroup& group, DType wire,
                           const std::vector<SummedBuffer>& buffers, void* memory)
    : device_(device), stream_(stream), group_(group), wire_(wire), received_(static_cast<std::byte*>(memory)) {
  const TreeExchangeSizes sizes = tree_exchange_sizes(buffers, group.levels(), wire);
  staged_ = received_ + sizes.received;
  sum_ = staged_ + sizes.staged;
  registered_ = group_.register_memory(received_, sizes.received + sizes.staged);
}

size_t TreeExchange::bytes(const std::vector<SummedBuffer>& buffers, const Levels& levels, DType wire) {
  return tree_exchange_sizes(buffers, levels, wire).all();
}

// The parts get smaller from level to level as the ranks get fewer that still have to be summed: as if it were one.
size_t TreeExchange::sent_bytes(const std::vector<SummedBuffer>& buffers, const Levels& levels, DType wire) {
  const int ranks = levels.ranks();
  size_t bytes = 0;
  for (const SummedBuffer& buffer : buffers) {
    const size_t padded = static_cast<size_t>(part_of(buffer, ranks) * ranks) * size_of(wire);
    bytes += sent_by_all_to_all(padded, ranks);
    if (!buffer.own_sum) bytes += sent_by_all_gather(padded, ranks);
  }
  return bytes;
}

void TreeExchange::convert(const Tensor& to, const Tensor& from) {
  if (to.data == from.data && to.dtype == from.dtype) return;
  if (to.dtype == from.dtype)
    stream_.copy(to.data, from.data, from.bytes());
  else
    device_.ops().run(stream_, Cast{to, from});
}

void TreeExchange::run(const SummedBuffer& buffer) {
  const int ranks = group_.size();
  if (is_direct(buffer, ranks, wire_)) return sum(buffer.values, buffer.own_sum);
  const int64_t n = buffer.values.elements();
  const Tensor staged{staged_, wire_, {part_of(buffer, ranks) * ranks}};
  convert(staged.range(0, n), buffer.values);
  const Tensor padding = staged.range(n, staged.elements() - n);
  if (padding.elements() > 0) stream_.zero(padding.data, padding.bytes());
  sum(staged, buffer.own_sum);
  if (!buffer.own_sum) convert(buffer.values, staged.range(0, n));
}

// all: in the wire's dtype, evenly split; each level sums its part of it in place.
void TreeExchange::sum(Tensor all, const Tensor& own_sum) {
  const std::vector<int>& sizes = group_.levels().sizes();
  Tensor part = all;
  for (size_t level = 0; level < sizes.size(); ++level) {
    const int64_t n = part.elements() / sizes[level];
    const Tensor own = part.range(group_.level(level).rank() * n, n);
    const bool ends = level + 1 == sizes.size() && own_sum;
    sum_level(level, part, ends ? own_sum : own);
    part = own;
  }
  if (!own_sum) group_.all_gather(stream_, all, part);
}

void TreeExchange::sum_level(size_t level, const Tensor& part, const Tensor& sum) {
  const int ranks = group_.levels().sizes()[level];
  const Tensor received{received_, wire_, {part.elements()}};
  const Tensor in_f32 = sum.dtype == DType::f32 ? sum : Tensor{sum_, DType::f32, sum.shape};
  group_.level(level).all_to_all(stream_, received, part);
  device_.ops().run(stream_, TreeSum{in_f32, received.reshaped({ranks, sum.elements()})});
  convert(sum, in_f32);
}

}  // namespace convoy
