// The largest or the mean of a window of each channel, core/ops/pooling.h.   x pictures (B, H, W, C) or sequences
// (B, T, C), y the same with fewer pixels; global: (B, C).
//
// Padding counts for nothing: means are of what lies inside of the picture, as in Keras.
#pragma once

#include "core/layers/window.h"
#include "core/ops/pooling.h"

namespace convoy {

enum class PoolKind : uint8_t { max, average };

struct PoolOptions {
  std::string name;
  PoolKind kind = PoolKind::max;
  bool is_sequence = false;
  Window window;  // dilations are 1
  // One window, over all pixels. Takes both pictures and sequences, whatever is_sequence says.
  bool global = false;
};

class Pool final : public Layer {
 public:
  explicit Pool(PoolOptions options) : o_(std::move(options)) {}

  LayerPlan plan(std::span<const TensorSpec> inputs, Purpose purpose) const override;
  void forward(Pass& pass, const LayerTensors& t) const override;
  void backward(Pass& pass, const LayerTensors& t) const override;

 private:
  PictureExtents picture(const TensorSpec& x) const;
  PoolShape shape_of(DType dtype, const PictureExtents& picture) const;

  PoolOptions o_;
};

}  // namespace convoy
