#include "core/train/snapshot.h"

#include <fmt/format.h>

#include <cstring>

#include "core/base/integers.h"
#include "core/ops/ops.h"
#include "core/parameters/initialise.h"

namespace convoy {

Snapshot::Snapshot(Device& device, Stream& compute, ParameterStorage& parameters, int rank, int ranks)
    : device_(device), compute_(compute), parameters_(parameters), rank_(rank) {
  total_ = parameters.layout().parameters().back().end();
  const int64_t share = round_up(ceil_div(total_, int64_t{ranks}), kParameterBlock);
  begin_ = std::min(share * rank, total_);
  end_ = std::min(share * (rank + 1), total_);
  copies_.resize(4);
}

const void* Snapshot::on_host(const Tensor& tensor, size_t slot) {
  if (!tensor || tensor.elements() == 0) return nullptr;
  if (device_.info().kind == DeviceKind::cpu) return tensor.data;
  if (copies_[slot].bytes() < tensor.bytes()) copies_[slot] = device_.allocate(tensor.bytes(), MemoryKind::host);
  compute_.copy(copies_[slot].data(), tensor.data, tensor.bytes());
  return copies_[slot].data();
}

CheckpointContents Snapshot::take() {
  CheckpointContents contents;
  const int64_t count = end_ - begin_;
  const auto range = [&](const Tensor& flat) { return flat ? flat.range(begin_, count) : Tensor{}; };
  contents.optimizer = {begin_,
                        end_,
                        total_,
                        static_cast<const float*>(on_host(range(parameters_.master()), 0)),
                        static_cast<const float*>(on_host(range(parameters_.m()), 1)),
                        static_cast<const float*>(on_host(range(parameters_.v()), 2))};
  if (rank_ == 0) {
    auto* weights = static_cast<std::byte*>(const_cast<void*>(on_host(parameters_.weights(), 3)));
    for (const Parameter& p : parameters_.layout().parameters()) {
      void* data = weights + static_cast<size_t>(p.offset) * size_of(parameters_.dtype());
      contents.weights.push_back({p.spec.name, {data, parameters_.dtype(), p.spec.shape}});
    }
  }
  contents.position.plan_fingerprint = parameters_.layout().fingerprint();
  compute_.synchronize();
  return contents;
}

namespace {

std::vector<float> read_weights(const CheckpointReader& checkpoint, const ParameterLayout& layout) {
  std::vector<float> values(static_cast<size_t>(layout.padded_elements()), 0.0f);
  for (const Parameter& p : layout.parameters())
    checkpoint.read_weight(p.spec.name, {values.data() + p.offset, DType::f32, p.spec.shape});
  return values;
}

void upload(Device& device, Stream& compute, const Tensor& to, const std::vector<float>& from) {
  const Memory staging = device.allocate(to.bytes(), MemoryKind::host);
  std::memcpy(staging.data(), from.data(), to.bytes());
  compute.copy(to.data, staging.data(), to.bytes());
  compute.synchronize();
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
  std::vector<float> master, m(n, 0.0f), v(n, 0.0f);
  if (parameters.master()) master.assign(n, 0.0f);
  checkpoint.read_optimizer(0, layout.parameters().back().end(), master.empty() ? nullptr : master.data(), m.data(),
                            v.data());
  set_weights(parameters, device, compute, master.empty() ? read_weights(checkpoint, layout) : master);
  upload(device, compute, parameters.m(), m);
  upload(device, compute, parameters.v(), v);
}

}  // namespace convoy
