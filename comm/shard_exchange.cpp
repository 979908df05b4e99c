#include "comm/shard_exchange.h"

#include <algorithm>

#include "core/base/integers.h"
#include "core/ops/ops.h"

namespace convoy {
namespace {

// A bucket goes out directly from the gradients if it is of the wire's dtype and splits evenly over the ranks.
bool is_direct(int64_t elements, int ranks, DType wire) { return wire == DType::f32 && elements % ranks == 0; }

struct Sizes {
  size_t received = 0, staged = 0, sum = 0;  // bytes
};

Sizes sizes(const std::vector<Bucket>& buckets, int ranks, DType wire) {
  Sizes most;
  for (const Bucket& bucket : buckets) {
    const auto shard = static_cast<size_t>(ceil_div(bucket.elements(), int64_t{ranks}));
    const size_t padded = shard * static_cast<size_t>(ranks) * size_of(wire);
    most.received = std::max(most.received, padded);
    if (is_direct(bucket.elements(), ranks, wire)) continue;
    most.staged = std::max(most.staged, padded);
    most.sum = std::max(most.sum, shard * sizeof(float));
  }
  return most;
}

void convert(Device& device, Stream& stream, const Tensor& to, const Tensor& from) {
  if (to.dtype == from.dtype)
    stream.copy(to.data, from.data, from.bytes());
  else
    device.ops().run(stream, Cast{to, from});
}

}  // namespace

ShardExchange::ShardExchange(Device& device, Stream& stream, Communicator& communicator, const Tensor& gradients,
                             DType wire, const std::vector<Bucket>& buckets)
    : device_(device), stream_(stream), communicator_(communicator), gradients_(gradients), wire_(wire) {
  const Sizes wanted = sizes(buckets, communicator.size(), wire);
  received_ = device.allocate(wanted.received);
  staged_ = device.allocate(wanted.staged);
  sum_ = device.allocate(wanted.sum);
  for (const Memory* memory : {&received_, &staged_})
    if (memory->bytes() > 0) registered_.push_back(communicator.register_memory(memory->data(), memory->bytes()));
}

size_t ShardExchange::bytes(const std::vector<Bucket>& buckets, int ranks, DType wire) {
  const Sizes wanted = sizes(buckets, ranks, wire);
  return wanted.received + wanted.staged + wanted.sum;
}

void ShardExchange::run(const Bucket& bucket) {
  const Tensor values = gradients_.range(bucket.begin, bucket.elements());
  if (is_direct(bucket.elements(), communicator_.size(), wire_))
    sum_in_place(values);
  else
    sum_through_wire(values);
}

void ShardExchange::sum_in_place(const Tensor& bucket) {
  const int ranks = communicator_.size();
  const int64_t shard = bucket.elements() / ranks;
  const Tensor received{received_.data(), wire_, {bucket.elements()}};
  const Tensor mine = bucket.range(communicator_.rank() * shard, shard);
  communicator_.all_to_all(stream_, received, bucket);
  device_.ops().run(stream_, TreeSum{mine, received.reshaped({ranks, shard})});
  communicator_.all_gather(stream_, bucket, mine);
}

void ShardExchange::sum_through_wire(const Tensor& bucket) {
  const int ranks = communicator_.size();
  const int64_t n = bucket.elements();
  const int64_t shard = ceil_div(n, int64_t{ranks});
  const Tensor staged{staged_.data(), wire_, {shard * ranks}};
  const Tensor received{received_.data(), wire_, {shard * ranks}};
  const Tensor sum{sum_.data(), DType::f32, {shard}};
  const Tensor mine = staged.range(communicator_.rank() * shard, shard);

  convert(device_, stream_, staged.range(0, n), bucket);
  const Tensor padding = staged.range(n, staged.elements() - n);
  if (padding.elements() > 0) stream_.zero(padding.data, padding.bytes());
  communicator_.all_to_all(stream_, received, staged);
  device_.ops().run(stream_, TreeSum{sum, received.reshaped({ranks, shard})});
  convert(device_, stream_, mine, sum);
  communicator_.all_gather(stream_, staged, mine);
  convert(device_, stream_, bucket, staged.range(0, n));
}

}  // namespace convoy
