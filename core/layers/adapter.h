// What is trained beside a linear map whose weight stays as it is: LoRA, Hu et al., arXiv:2106.09685.
//   y += scale drop(x) A^T B^T,   x (..., C), A (r, C), B (outputs, r), y (..., outputs)
// A map that holds several of a peer's, such as queries, keys and values, has an A and a B for each: stacked they are
// one parameter each, (pieces r, C) and (sum of outputs, r), and for the products B stands as blocks down the diagonal
// of one matrix, which `scale` is in too. The pieces drop the same elements of x.
//
// A begins as PyTorch begins a linear map's weight, uniform within 1 / sqrt(C), and B with zeros: nothing is changed
// yet.
#pragma once

#include "core/layers/layer.h"
#include "core/ops/diagonal_blocks.h"

namespace convoy {

struct AdaptedPiece {
  std::string name;  // of the map: parameters are name.lora_A.weight and name.lora_B.weight
  int64_t first = 0, outputs = 0;
};

struct AdapterOptions {
  LinearMap map;
  std::string name;  // of its parameters, as long as they are stacked
  std::vector<AdaptedPiece> pieces;
  int64_t rank = 0;
  float scale = 1, dropout = 0;
  uint32_t number = 0;         // of its dropout
  size_t first_parameter = 0;  // its A's number among the layer's parameters; B is the next
};

class Adapter {
 public:
  Adapter() = default;  // none: changes nothing
  explicit Adapter(AdapterOptions options) : o_(std::move(options)) {}
  explicit operator bool() const { return o_.rank > 0; }

  // Adds to a layer's plan what it has; rows: of x.
  void plan(LayerPlan& plan, int64_t rows) const;

  // Of the layer's tensors it takes its parameters and their gradients; x and y are the map's. y is added to.
  void forward(Pass& pass, const LayerTensors& t, const Tensor& y, const Tensor& x) const;

  // scale dy B^T, which both of the following want: in scratch.
  Tensor pull_back(Pass& pass, const LayerTensors& t, const Tensor& dy) const;
  // dx += what comes by way of A; nothing where dx is not wanted.
  void add_input_gradient(Pass& pass, const LayerTensors& t, const Tensor& dx, const Tensor& pulled) const;
  void add_weight_gradients(Pass& pass, const LayerTensors& t, const Tensor& x, const Tensor& dy,
                            const Tensor& pulled) const;
  // All of it; dx may be absent.
  void backward(Pass& pass, const LayerTensors& t, const Tensor& dx, const Tensor& x, const Tensor& dy) const;

 private:
  int64_t width() const { return o_.rank * static_cast<int64_t>(o_.pieces.size()); }
  int64_t stacked_outputs() const;
  DiagonalBlocks blocks() const;
  const Tensor& a(const LayerTensors& t) const { return t.weights[o_.first_parameter]; }
  Dropout mask(const Pass& pass, const LayerTensors& t, const Tensor& x) const;
  Tensor dropped(Pass& pass, const LayerTensors& t, const Tensor& x) const;
  Tensor spread(Pass& pass, const LayerTensors& t) const;

  AdapterOptions o_;
};

}  // namespace convoy
