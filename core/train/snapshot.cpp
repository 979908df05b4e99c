#include "core/train/snapshot.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/base/integers.h"
#include "core/ops/optimizer_update.h"
#include "core/parameters/initialise.h"
#include "core/parameters/state_names.h"

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

std::vector<std::string> state_names(const ModelOptions& options) {
  std::vector<std::string> names;
  if (options.dtype != DType::f32) names.emplace_back(kMasterState);
  names.insert(names.end(), options.states.begin(), options.states.end());
  return names;
}

}  // namespace

CheckpointContents Snapshot::planned_contents(const ModelPlan& model, int world_rank) {
  CheckpointContents contents;
  if (world_rank == 0)
    for (const Parameter& p : model.layout().parameters())
      contents.weights.push_back({p.spec.name, {nullptr, model.options().dtype, p.spec.shape}});
  StateShard shard;
  shard.elements = elements_of(model.layout(), *model.sharding(), world_rank);
  for (const std::string& name : state_names(model.options())) shard.arrays.push_back({name});
  contents.optimizer.groups = {shard};
  return contents;
}

size_t Snapshot::planned_bytes(const ModelPlan& model, DeviceKind device, int world_rank) {
  const bool copies = device != DeviceKind::cpu;
  const auto flat = static_cast<size_t>(model.layout().padded_elements()) * size_of(model.options().dtype);
  const size_t weights = world_rank == 0 && (copies || model.sharding()->shards_weights()) ? flat : 0;
  const auto state = static_cast<size_t>(elements_of(model.layout(), *model.sharding(), world_rank)) * sizeof(float);
  return weights + (copies ? state_names(model.options()).size() * state : 0);
}

Snapshot::Snapshot(Communication& communication, ParameterStorage& parameters, std::string_view optimizer,
                   const Tensor& arena, int world_rank)
    : communication_(communication),
      parameters_(parameters),
      optimizer_(optimizer),
      arena_(arena),
      first_rank_(world_rank == 0) {
  const Sharding& sharding = parameters.sharding();
  const int64_t total = parameters.layout().elements();
  shard_.total = total;
  if (parameters.master()) states_.emplace_back(kMasterState, parameters.master());
  for (const std::string& name : parameters.states()) states_.emplace_back(name, parameters.state(name));
  copies_.resize(states_.size() + 1);
  if (first_rank_)
    for (const Parameter& p : parameters.layout().parameters()) shard_.places.push_back({p.spec.name, p.offset});
  shard_.elements = elements_of(parameters.layout(), sharding, world_rank);
  if (!sharding.shards_optimizer()) {
    const OwnedRange range = even_range(total, sharding.rank(), sharding.ranks());
    shard_.ranges = {range};
    first_ = range.begin;
    return;
  }
  if (world_rank >= sharding.ranks()) return;
  for (const OwnedRange& range : sharding.owned())
    if (range.begin < total) shard_.ranges.push_back({range.begin, std::min(range.end, total), range.offset});
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

StateShard Snapshot::states() {
  StateShard shard = shard_;
  for (size_t state = 0; state < states_.size(); ++state) {
    const auto& [name, all] = states_[state];
    const void* part = shard.elements == 0 ? nullptr : on_host(all.range(first_, shard.elements), state);
    shard.arrays.push_back({name, static_cast<const float*>(part)});
  }
  return shard;
}

const void* Snapshot::weights() {
  const Sharding& sharding = parameters_.sharding();
  if (!sharding.shards_weights()) return first_rank_ ? on_host(parameters_.weights(), states_.size()) : nullptr;
  const auto bytes = static_cast<size_t>(parameters_.layout().padded_elements()) * size_of(parameters_.dtype());
  auto* copy = static_cast<std::byte*>(first_rank_ ? slot(states_.size(), bytes) : nullptr);
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
  contents.optimizer = {optimizer_, {states()}};
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

std::vector<float> read_weights(const CheckpointReader& checkpoint, const ParameterLayout& layout, bool averages) {
  std::vector<float> values(static_cast<size_t>(layout.padded_elements()), 0.0f);
  for (const Parameter& p : layout.parameters()) {
    const Tensor place{values.data() + p.offset, DType::f32, p.spec.shape};
    if (averages)
      checkpoint.read_average(p.spec.name, place);
    else
      checkpoint.read_weight(p.spec.name, place);
  }
  return values;
}

std::vector<float> read_state(const CheckpointReader& checkpoint, const std::string& state,
                              const ParameterLayout& layout) {
  std::vector<float> values(static_cast<size_t>(layout.padded_elements()), 0.0f);
  checkpoint.read_state("", state, 0, layout.elements(), values.data());
  return values;
}

void check_optimizer(const CheckpointReader& checkpoint, std::string_view optimizer,
                     const ParameterStorage& parameters) {
  const std::string folder = checkpoint.folder().string();
  if (checkpoint.optimizer() != optimizer)
    throw CheckpointError(fmt::format(
        "{} was made with optimizer.name = {}, the config says {}: its state means nothing to another one; resume "
        "with optimizer.name={}, or choose another run.dir",
        folder, checkpoint.optimizer(), optimizer, checkpoint.optimizer()));
  for (const CheckpointReader::Group& group : checkpoint.groups()) {
    std::vector<std::string> found = group.states;
    std::erase(found, kMasterState);
    if (found != parameters.states())
      throw CheckpointError(
          fmt::format("{} holds the optimizer states [{}], the config wants [{}]; resume with the optimizer's keys and "
                      "train.ema_decay as the run had them, or choose another run.dir",
                      folder, fmt::join(found, ", "), fmt::join(parameters.states(), ", ")));
  }
}

}  // namespace

void restore_weights(const CheckpointReader& checkpoint, Device& device, Stream& compute,
                     ParameterStorage& parameters) {
  set_weights(parameters, device, compute, read_weights(checkpoint, parameters.layout(), checkpoint.has_average()));
}

void restore_training(const CheckpointReader& checkpoint, std::string_view optimizer, Device& device, Stream& compute,
                      ParameterStorage& parameters) {
  const ParameterLayout& layout = parameters.layout();
  if (checkpoint.position().plan_fingerprint != layout.fingerprint())
    throw CheckpointError(
        fmt::format("{} holds a model of other layers or sizes than the config describes; resume with "
                    "the run's own config, or choose another run.dir",
                    checkpoint.folder().string()));
  check_optimizer(checkpoint, optimizer, parameters);
  const std::vector<float> weights =
      parameters.master() ? read_state(checkpoint, kMasterState, layout) : read_weights(checkpoint, layout, false);
  set_weights(parameters, device, compute, weights);
  for (const std::string& state : parameters.states())
    set_state(parameters, device, compute, state, read_state(checkpoint, state, layout));
}

}  // namespace convoy
