// Residual addition and RMS norm in one: (x, branch) -> (residual, y), residual = x + dropout(branch),
// y = RMS norm of residual. With one input there is no branch and residual is x itself, passed on.
// arXiv:1910.07467. x, branch, residual, y (..., C).
//
// Passing the residual on, rather than letting two layers read x, gives every value in a transformer one reader: its
// gradient is then written once and never added up.
#pragma once

#include "core/layers/layer.h"

namespace convoy {

struct RmsNormOptions {
  std::string name;  // the parameter is name.weight
  int64_t C = 0;
  bool has_branch = true;
  float dropout = 0;  // of branch
  uint32_t dropout_number = 0;
  float eps = 1e-5f;
};

class RmsNorm final : public Layer {
 public:
  explicit RmsNorm(RmsNormOptions options) : o_(std::move(options)) {}

  std::vector<ParameterSpec> parameters() const override;
  std::vector<TensorSpec> infer(std::span<const TensorSpec> inputs) const override;
  std::vector<TensorSpec> saved(std::span<const TensorSpec> inputs) const override;  // rstd
  bool backward_reads_output(int output) const override { return output == kResidual; }
  int output_is_input(int output) const override { return output == kResidual && !o_.has_branch ? 0 : kNone; }
  int input_gradient_over_output_gradient(int input) const override { return input == 0 ? kResidual : kNone; }
  int input_gradient_is_that_of(int input) const override { return input == 1 && o_.dropout == 0 ? 0 : kNone; }
  void forward(Pass& pass, const LayerTensors& t) const override;
  void backward(Pass& pass, const LayerTensors& t) const override;

 private:
  static constexpr int kResidual = 0, kY = 1;
  Dropout dropout(const Pass& pass, const Tensor& x) const;

  RmsNormOptions o_;
};

}  // namespace convoy
