#include "core/train/snapshot.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/integers.h"
#include "core/ops/adamw.h"
#include "core/parameters/initialise.h"

namespace convoy {

namespace {

constexpr size_t kStates = 3;  // master, m, v: a slot for the copy of each, and one for the weights

// An even part of what every rank has.
OwnedRange even_range(int64_t total, int rank, int ranks) {
  const int64_t share = round_up(ceil_div(total, int64_t{ranks}), kParameterBlock);
  return {std::min(share * rank, total), std::min(share * (rank + 1), total), 0};
}

}  // namespace

Snapshot::Snapshot(Communication& communication, ParameterStorage& parameters, const Tensor& arena, int world_rank)
    : communication_(communication),
      parameters_(parameters),
      arena_(arena),
      first_rank_(world_rank == 0),
      copies_(kStates + 1) {
  const Sharding& sharding = parameters.sharding();
  total_ = parameters.layout().parameters().back().end();
  shard_.total = total_;
  if (!sharding.shards_optimizer()) {
    const OwnedRange range = even_range(total_, sharding.rank(), sharding.ranks());
    shard_.ranges = {range};
    shard_.elements = range.elements();
    first_ = range.begin;
    return;
  }
  if (world_rank >= sharding.ranks()) return;
  shard_.elements = sharding.compact_elements();
  for (const OwnedRange& range : sharding.owned())
    if (range.begin < total_) shard_.ranges.push_back({range.begin, std::min(range.end, total_), range.offset});
}

void* Snapshot::slot(size_t slot, size_t bytes) {
  if (copies_[slot].bytes() < bytes) copies_[slot] = communication_.device().allocate(bytes, MemoryKind::host);
  return copies_[slot].data();
}

const void* Snapshot::on_host(const Tensor& tensor, size_t index) {
  if (!tensor || tensor.elements() == 0) return nullptr;
  if (communication_.device().info().kind == DeviceKind::cpu) return tensor.data;
  void* copy = slot(index, tensor.bytes());
  communication_.compute().copy(copy, tensor.data, tensor.bytes());
  return copy;
}

OptimizerShard Snapshot::optimizer() {
  OptimizerShard shard = shard_;
  const auto state = [&](const Tensor& all, size_t index) -> const float* {
    static const float nothing = 0;  // there is such a state, even where this rank has no part of it
    if (!all) return nullptr;
    return shard_.elements == 0 ? &nothing
                                : static_cast<const float*>(on_host(all.range(first_, shard_.elements), index));
  };
  shard.master = state(parameters_.master(), 0);
  shard.m = state(parameters_.m(), 1);
  shard.v = state(parameters_.v(), 2);
  return shard;
}

const void* Snapshot::weights() {
  const Sharding& sharding = parameters_.sharding();
  if (!sharding.shards_weights()) return first_rank_ ? on_host(parameters_.weights(), kStates) : nullptr;
  const auto bytes = static_cast<size_t>(parameters_.layout().padded_elements()) * size_of(parameters_.dtype());
  auto* copy = static_cast<std::byte*>(first_rank_ ? slot(kStates, bytes) : nullptr);
  gather_weights(copy);
  return copy;
}

// Bucket by bucket, so that no more than one is ever there beside the shards.
void Snapshot::gather_weights(std::byte* to) {
  const Sharding& sharding = parameters_.sharding();
  Stream& stream = communication_.stream();
  communication_.follow_compute();
  communication_.communicator().label(-1, "weights for a checkpoint");
  for (const Bucket& bucket : sharding.buckets()) {
    const Tensor all{arena_.data, parameters_.dtype(), {bucket.shard * sharding.ranks()}};
    communication_.communicator().all_gather(stream, all,
                                             parameters_.weight_shards().range(bucket.offset, bucket.shard));
    const size_t unit = size_of(parameters_.dtype());
    if (to != nullptr)
      stream.copy(to + static_cast<size_t>(bucket.begin) * unit, all.data,
                  static_cast<size_t>(bucket.elements()) * unit);
  }
  stream.synchronize();
}

CheckpointContents Snapshot::take() {
  CheckpointContents contents;
  contents.optimizer = optimizer();
  const auto* flat = static_cast<const std::byte*>(weights());
  if (first_rank_)
    for (const Parameter& p : parameters_.layout().parameters()) {
      const std::byte* data = flat + static_cast<size_t>(p.offset) * size_of(parameters_.dtype());
      contents.weights.push_back({p.spec.name, {const_cast<std::byte*>(data), parameters_.dtype(), p.spec.shape}});
    }
  contents.position.plan_fingerprint = parameters_.layout().fingerprint();
  communication_.compute().synchronize();
  return contents;
}

namespace {

std::vector<float> read_weights(const CheckpointReader& checkpoint, const ParameterLayout& layout) {
  std::vector<float> values(static_cast<size_t>(layout.padded_elements()), 0.0f);
  for (const Parameter& p : layout.parameters())
    checkpoint.read_weight(p.spec.name, {values.data() + p.offset, DType::f32, p.spec.shape});
  return values;
}

}  // namespace

void restore_weights(const CheckpointReader& checkpoint, Device& device, Stream& compute,
                     ParameterStorage& parameters) {
  set_weights(parameters, device, compute, read_weights(checkpoint, parameters.layout()));
}

void restore_training(const CheckpointReader& checkpoint, Device& device, Stream& compute,
                      ParameterStorage& parameters) {
  const ParameterLayout& layout = parameters.layout();
  if (checkpoint.position().plan_fingerprint != layout.fingerprint())
    throw CheckpointError(
        fmt::format("{} holds a model of other layers or sizes than the config describes; resume with "
                    "the run's own config, or choose another run.dir",
                    checkpoint.folder().string()));
  const auto n = static_cast<size_t>(layout.padded_elements());
  const bool with_master = static_cast<bool>(parameters.master());
  std::vector<float> master(with_master ? n : 0, 0.0f), m(n, 0.0f), v(n, 0.0f);
  checkpoint.read_optimizer(0, layout.parameters().back().end(), with_master ? master.data() : nullptr, m.data(),
                            v.data());
  set_weights(parameters, device, compute, with_master ? master : read_weights(checkpoint, layout));
  set_moments(parameters, device, compute, m, v);
}

}  // namespace convoy
