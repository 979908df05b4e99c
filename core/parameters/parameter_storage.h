// Weights, gradients and optimizer state on the device, each one flat allocation.
#pragma once

#include "core/device/device.h"
#include "core/parameters/parameter_layout.h"

namespace convoy {

class ParameterStorage {
 public:
  enum class Use { inference, training };

  // Weights in the compute dtype (f32 or bf16). Training adds f32 gradients and moments, and for bf16 f32 master
  // weights. Moments and padding start at zero.
  ParameterStorage(Device& device, Stream& stream, const ParameterLayout& layout, DType dtype, Use use);

  // What the constructor allocates.
  static size_t planned_bytes(const ParameterLayout& layout, DType dtype, Use use);

  const ParameterLayout& layout() const { return layout_; }
  DType dtype() const { return weights_.dtype; }

  // Flat (padded_elements).
  Tensor weights() const { return weights_; }
  Tensor gradients() const { return gradients_; }
  Tensor master() const { return master_; }  // absent for f32
  Tensor m() const { return m_; }
  Tensor v() const { return v_; }
  Tensor decays() const { return decays_; }

  // Views of one parameter.
  Tensor weight(int parameter) const { return view(weights_, parameter); }
  Tensor gradient(int parameter) const { return view(gradients_, parameter); }

 private:
  Tensor view(const Tensor& flat, int parameter) const;
  Tensor take(DType dtype, int64_t elements);
  void fill_decays(Stream& stream);

  const ParameterLayout& layout_;
  Memory memory_;
  size_t used_ = 0;
  Tensor weights_, gradients_, master_, m_, v_, decays_;
  Memory decays_on_host_;
};

}  // namespace convoy
