#include "core/train/group_snapshot.h"

#include <algorithm>
#include <span>

#include "core/base/integers.h"
#include "core/checkpoint/stored_weights.h"
#include "core/parameters/for_parameters.h"

namespace convoy {

namespace {

// One cut, of which each rank has an even shard: of what every rank has.
Bucket even_cut(int64_t total, int ranks) {
  return {0, total, std::max(round_up(ceil_div(total, int64_t{ranks}), BlockSum::kBlock), BlockSum::kBlock), 0};
}

int64_t elements_here(const StateShard& shard, const Sharding& sharding, int world_rank) {
  if (sharding.shards_optimizer()) return world_rank < sharding.ranks() ? shard.elements : 0;
  return std::clamp(shard.total - sharding.rank() * shard.elements, int64_t{0}, shard.elements);
}

// Without arrays.
StateShard shard_of(const ParameterLayout& layout, const Sharding& sharding, int world_rank) {
  StateShard shard{.total = layout.elements()};
  if (sharding.shards_optimizer()) {
    shard.cuts = sharding.buckets();
    shard.elements = sharding.compact_elements();
  } else {
    shard.cuts = {even_cut(shard.total, sharding.ranks())};
    shard.elements = shard.cuts[0].shard;
  }
  shard.held = elements_here(shard, sharding, world_rank);
  return shard;
}

}  // namespace

StateShard GroupSnapshot::planned_states(const ParameterLayout& layout, const Sharding& sharding, std::string name,
                                         const std::vector<StateShard::Array>& states, int world_rank) {
  StateShard shard = shard_of(layout, sharding, world_rank);
  shard.group = std::move(name);
  shard.arrays = states;
  return shard;
}

GroupSnapshot::GroupSnapshot(Communication& communication, ParameterStorage& parameters, std::string name,
                             const Tensor& arena, int world_rank, const WeightFiles::Range& wanted)
    : communication_(communication),
      parameters_(parameters),
      arena_(arena),
      holds_(world_rank < communication.group().size()),
      wanted_(wanted) {
  if (parameters.is_trained()) {
    if (parameters.master()) states_.emplace_back(kMasterState, parameters.master());
    for (const std::string& state : parameters.states()) states_.emplace_back(state, parameters.state(state));
    shard_ = shard_of(layout(), parameters.sharding(), world_rank);
    if (!parameters.sharding().shards_optimizer()) first_ = parameters.sharding().rank() * shard_.elements;
  }
  shard_.group = std::move(name);
  copies_.resize(states_.size() + 1);
  const bool averaged = std::ranges::count(states_, kAverageState, &std::pair<std::string, Tensor>::first) > 0;
  if (averaged && wanted_.end > wanted_.begin)
    for (const Parameter& p : layout().parameters())
      for (const auto& [stored, offset] : stored_places(p.spec)) shard_.places.push_back({stored, p.offset + offset});
}

namespace {

// Adds ranges of weights to sums a piece at a time, with zeros between the parameters and where some are not saved, as
// whoever reads them has.
class SummedRange {
 public:
  SummedRange(Communication& communication, const ParameterLayout& layout)
      : communication_(communication), layout_(layout), piece_(kPiece) {
    if (communication.device().info().kind != DeviceKind::cpu)
      copy_ = communication.device().allocate(kPiece * sizeof(float), MemoryKind::host);
  }

  void add(BlockSum& sum, int64_t begin, const Tensor& weights) {
    for (int64_t at = 0; at < weights.elements(); at += kPiece) {
      const Tensor part = weights.range(at, std::min(kPiece, weights.elements() - at));
      const float* const values = here(part);
      std::ranges::fill(piece_, 0.0f);
      for_parameters(layout_, begin + at, begin + at + part.elements(),
                     [&](const Parameter& p, int64_t, int64_t count, int64_t place) {
                       if (p.spec.is_saved()) std::copy_n(values + place, count, piece_.begin() + place);
                     });
      sum.add(begin + at, std::span(piece_).first(static_cast<size_t>(part.elements())));
    }
  }

 private:
  static constexpr int64_t kPiece = int64_t{64} * BlockSum::kBlock;

  const float* here(const Tensor& part) {
    if (!copy_.data()) return part.as<const float>();
    communication_.compute().copy(copy_.data(), part.data, part.bytes());
    communication_.compute().synchronize();
    return static_cast<const float*>(copy_.data());
  }

  Communication& communication_;
  const ParameterLayout& layout_;
  std::vector<float> piece_;
  Memory copy_;
};

}  // namespace

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
    const void* part = shard.held == 0 ? nullptr : on_host(all.range(first_, shard.held), state);
    shard.arrays.push_back({name, part, all.dtype});
  }
  return shard;
}

const void* GroupSnapshot::weights() {
  const int64_t count = wanted_.end - wanted_.begin;
  if (parameters_.weights())
    return count == 0 ? nullptr : on_host(parameters_.weights().range(wanted_.begin, count), states_.size());
  const auto bytes = static_cast<size_t>(count) * size_of(parameters_.dtype());
  auto* copy = static_cast<std::byte*>(count == 0 ? nullptr : slot(states_.size(), bytes));
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
    const int64_t begin = std::max(bucket.begin, wanted_.begin), end = std::min(bucket.end, wanted_.end);
    const size_t unit = size_of(parameters_.dtype());
    if (begin < end)
      stream.copy(to + static_cast<size_t>(begin - wanted_.begin) * unit,
                  all.range(begin - bucket.begin, end - begin).data, static_cast<size_t>(end - begin) * unit);
  }
  stream.synchronize();
}

std::optional<BlockSum> GroupSnapshot::weights_sum() const {
  if (parameters_.dtype() != DType::f32) return std::nullopt;
  BlockSum sum;
  if (!holds_) return sum;
  const int64_t total = layout().elements();
  std::vector<OwnedRange> mine = parameters_.owned();
  if (!parameters_.is_trained() || !parameters_.sharding().shards_optimizer()) {
    const int64_t share = even_cut(total, communication_.group().size()).shard;
    const int64_t begin = std::min(share * communication_.group().place(), total);
    mine = {{begin, std::min(begin + share, total), begin}};
  }
  const bool flat = static_cast<bool>(parameters_.weights());
  SummedRange summed(communication_, layout());
  for (const OwnedRange& range : mine) {
    const int64_t end = std::min(range.end, total);
    if (range.begin >= end) continue;
    const Tensor weights = flat ? parameters_.weights().range(range.begin, end - range.begin)
                                : parameters_.weight_shards().range(range.offset, end - range.begin);
    summed.add(sum, range.begin, weights);
  }
  return sum;
}

Tensor GroupSnapshot::weight(const void* weights, int parameter) const {
  const Parameter& p = layout().parameters()[static_cast<size_t>(parameter)];
  const std::byte* data = static_cast<const std::byte*>(weights) +
                          static_cast<size_t>(p.offset - wanted_.begin) * size_of(parameters_.dtype());
  return {const_cast<std::byte*>(data), parameters_.dtype(), p.spec.shape};
}

}  // namespace convoy
