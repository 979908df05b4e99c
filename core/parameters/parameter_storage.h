// Weights, gradients and optimizer state on the device, in one allocation.
#pragma once

#include <string>
#include <vector>

#include "core/device/device.h"
#include "core/device/memory_use.h"
#include "core/parameters/parameter_layout.h"
#include "core/parameters/sharding.h"
#include "core/parameters/state_names.h"

namespace convoy {

// What training keeps of every element besides its weight, and which elements decay.
struct TrainedStates {
  std::vector<std::string> names;
  bool all_decay = false;    // false: the parameters whose spec says so
  DType dtype = DType::f32;  // of what the optimizer keeps; the moving average is f32

  DType dtype_of(const std::string& name) const { return name == kAverageState ? DType::f32 : dtype; }
};

class ParameterStorage {
 public:
  // Weights alone, in the compute dtype (f32 or bf16).
  ParameterStorage(Device& device, Stream& stream, const ParameterLayout& layout, DType dtype);
  // For training: f32 gradients, the named states of the optimizer and, for bf16, f32 master weights beside them; this
  // rank's shards alone of what is sharded. Everything starts at zero. The sharding outlives the storage.
  ParameterStorage(Device& device, Stream& stream, const ParameterLayout& layout, DType dtype, const Sharding& sharding,
                   TrainedStates states);

  // What the constructors allocate.
  static MemoryUse planned_memory(const ParameterLayout& layout, DType dtype, const Sharding* sharding,
                                  const TrainedStates& states);

  const ParameterLayout& layout() const { return layout_; }
  bool is_trained() const { return sharding_ != nullptr; }
  const Sharding& sharding() const { return *sharding_; }  // only for training
  DType dtype() const { return dtype_; }

  // Flat (padded_elements); absent where only shards are kept.
  Tensor weights() const { return weights_; }
  Tensor gradients() const { return gradients_; }
  // (padded_elements / kParameterBlock) u8: 1 where weight decay applies.
  Tensor decays() const { return decays_; }

  // Compact (sharding().compact_elements()).
  Tensor weight_shards() const { return weight_shards_; }      // absent where all weights are kept
  Tensor gradient_shards() const { return gradient_shards_; }  // of the sums; absent where those replace gradients
  Tensor master() const { return master_; }                    // absent for f32
  const std::vector<std::string>& states() const { return trained_.names; }
  // Throws InternalError if there is none of that name.
  Tensor state(const std::string& name) const;

  // What this rank updates; nothing without training.
  const std::vector<OwnedRange>& owned() const;
  // Such a range, wherever it is kept.
  Tensor owned_weights(const OwnedRange& range) const { return owned_part(weights_, weight_shards_, range); }
  Tensor owned_gradients(const OwnedRange& range) const { return owned_part(gradients_, gradient_shards_, range); }
  // Its part of a compact tensor of the above; absent if the tensor is.
  static Tensor owned_state(const Tensor& compact, const OwnedRange& range) {
    return compact ? compact.range(range.offset, range.elements()) : Tensor{};
  }

  // Views of one parameter; only where all are kept.
  Tensor weight(int parameter) const { return view(weights_, parameter); }
  Tensor gradient(int parameter) const { return view(gradients_, parameter); }

 private:
  ParameterStorage(Device& device, Stream& stream, const ParameterLayout& layout, DType dtype, const Sharding* sharding,
                   TrainedStates states);
  static Tensor owned_part(const Tensor& flat, const Tensor& compact, const OwnedRange& range);
  Tensor view(const Tensor& flat, int parameter) const;
  Tensor take(DType dtype, int64_t elements);
  void fill_decays(Stream& stream);

  const ParameterLayout& layout_;
  const DType dtype_;
  const Sharding* sharding_;
  Memory memory_;
  size_t used_ = 0;
  Tensor weights_, weight_shards_, gradients_, gradient_shards_, master_, decays_;
  const TrainedStates trained_;
  std::vector<Tensor> states_;  // one per name
  Memory decays_on_host_;
};

}  // namespace convoy
