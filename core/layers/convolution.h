// y = act(conv(x) + b), core/ops/convolution.h.   x pictures (B, H, W, Cin) or sequences (B, T, Cin), y the same with
// Cout channels. The weight has PyTorch's shape, (Cout, Cin / groups, kernel_h, kernel_w) or, of sequences, (Cout,
// Cin / groups, kernel), in memory and in checkpoints.
#pragma once

#include "core/layers/window.h"
#include "core/ops/convolution.h"

namespace convoy {

struct ConvolutionOptions {
  std::string name;  // parameters are name.weight and name.bias
  bool is_sequence = false;
  int64_t Cin = 0, Cout = 0;
  Window window;
  int64_t groups = 1;
  bool has_bias = true;
  bool relu = false;  // the one activation that is computed with the sums
  float stddev = 0.02f;
};

class Convolution final : public Layer {
 public:
  explicit Convolution(ConvolutionOptions options) : o_(std::move(options)) {}

  LayerPlan plan(std::span<const TensorSpec> inputs, Purpose purpose) const override;
  void forward(Pass& pass, const LayerTensors& t) const override;
  void backward(Pass& pass, const LayerTensors& t) const override;

 private:
  ConvolutionShape shape_of(const TensorSpec& x) const;
  Shape weight_shape() const;

  ConvolutionOptions o_;
};

}  // namespace convoy
