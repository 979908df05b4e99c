#include "core/train/group_snapshot.h"

#include <algorithm>

#include "core/base/integers.h"
#include "core/checkpoint/stored_weights.h"
#include "core/ops/optimizer_update.h"

namespace convoy {

namespace {

// An even part of what every rank has.
OwnedRange even_range(int64_t total, int rank, int ranks) {
  const int64_t share = round_up(ceil_div(total, int64_t{ranks}), kParameterBlock);
  return {std::min(share * rank, total), std::min(share * (rank + 1), total), 0};
}

// Of each state, that this rank has.
int64_t elements_of(const ParameterLayout& layout, const Sharding& sharding, int world_rank) {
  if (!sharding.shards_optimizer()) return even_range(layout.elements(), sharding.rank(), sharding.ranks()).elements();
  return world_rank < sharding.ranks() ? sharding.compact_elements() : 0;
}

}  // namespace

StateShard GroupSnapshot::planned_states(const ParameterLayout& layout, const Sharding& sharding, std::string name,
                                         const std::vector<StateShard::Array>& states, int world_rank) {
  StateShard shard{
      .group = std::move(name), .elements = elements_of(layout, sharding, world_rank), .total = layout.elements()};
  shard.arrays = states;
  return shard;
}

GroupSnapshot::GroupSnapshot(Communication& communication, ParameterStorage& parameters, std::string name,
                             const Tensor& arena, int world_rank)
    : communication_(communication), parameters_(parameters), arena_(arena), first_rank_(world_rank == 0) {
  shard_.group = std::move(name);
  shard_.total = layout().elements();
  if (parameters.is_trained()) {
    if (parameters.master()) states_.emplace_back(kMasterState, parameters.master());
    for (const std::string& state : parameters.states()) states_.emplace_back(state, parameters.state(state));
    find_part(world_rank);
  }
  copies_.resize(states_.size() + 1);
  if (first_rank_)
    for (const Parameter& p : layout().parameters())
      for (const auto& [stored, offset] : stored_places(p.spec)) shard_.places.push_back({stored, p.offset + offset});
}

void GroupSnapshot::find_part(int world_rank) {
  const Sharding& sharding = parameters_.sharding();
  shard_.elements = elements_of(layout(), sharding, world_rank);
  if (!sharding.shards_optimizer()) {
    const OwnedRange range = even_range(shard_.total, sharding.rank(), sharding.ranks());
    shard_.ranges = {range};
    first_ = range.begin;
    return;
  }
  if (world_rank >= sharding.ranks()) return;
  for (const OwnedRange& range : sharding.owned())
    if (range.begin < shard_.total)
      shard_.ranges.push_back({range.begin, std::min(range.end, shard_.total), range.offset});
}

void* GroupSnapshot::slot(size_t slot, size_t bytes) {
  if (copies_[slot].bytes() < bytes) copies_[slot] = communication_.device().allocate(bytes, MemoryKind::host);
  return copies_[slot].data();
}

const void* GroupSnapshot::on_host(const Tensor& tensor, size_t index) {
  if (!tensor || tensor.elements() == 0) return nullptr;
  if (communication_.device().info().kind == DeviceKind::cpu) return tensor.data;
  void* copy = slot(index, tensor.bytes());
  communication_.compute().copy(copy, tensor.data, tensor.bytes());
  return copy;
}

StateShard GroupSnapshot::states() {
  StateShard shard = shard_;
  for (size_t state = 0; state < states_.size(); ++state) {
    const auto& [name, all] = states_[state];
    const void* part = shard.elements == 0 ? nullptr : on_host(all.range(first_, shard.elements), state);
    shard.arrays.push_back({name, part, all.dtype});
  }
  return shard;
}

const void* GroupSnapshot::weights() {
  if (parameters_.weights()) return first_rank_ ? on_host(parameters_.weights(), states_.size()) : nullptr;
  const auto bytes = static_cast<size_t>(layout().padded_elements()) * size_of(parameters_.dtype());
  auto* copy = static_cast<std::byte*>(first_rank_ ? slot(states_.size(), bytes) : nullptr);
  gather_weights(copy);
  return copy;
}

// Bucket by bucket, so that no more than one is ever there beside the shards.
void GroupSnapshot::gather_weights(std::byte* to) {
  const Sharding& sharding = parameters_.sharding();
  Stream& stream = communication_.stream();
  communication_.follow_compute();
  communication_.group().label(-1, "weights for a checkpoint");
  for (const Bucket& bucket : sharding.buckets()) {
    const Tensor all{arena_.data, parameters_.dtype(), {bucket.shard * sharding.ranks()}};
    communication_.group().all_gather(stream, all, parameters_.weight_shards().range(bucket.offset, bucket.shard));
    const size_t unit = size_of(parameters_.dtype());
    if (to != nullptr)
      stream.copy(to + static_cast<size_t>(bucket.begin) * unit, all.data,
                  static_cast<size_t>(bucket.elements()) * unit);
  }
  stream.synchronize();
}

Tensor GroupSnapshot::weight(const void* weights, int parameter) const {
  const Parameter& p = layout().parameters()[static_cast<size_t>(parameter)];
  const std::byte* data =
      static_cast<const std::byte*>(weights) + static_cast<size_t>(p.offset) * size_of(parameters_.dtype());
  return {const_cast<std::byte*>(data), parameters_.dtype(), p.spec.shape};
}

}  // namespace convoy
