// A differentiable function with parameters: what a graph is made of.
//
// A layer names its parameters, infers its outputs' shapes, and runs forward and backward through Pass. It owns no
// memory and keeps no state between calls. To add one: derive, add a line to a model that uses it, test its gradients.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/layers/pass.h"
#include "core/tensor/tensor.h"

namespace convoy {

struct TensorSpec {
  DType dtype = DType::f32;
  Shape shape;
  Tensor unbound() const { return {nullptr, dtype, shape}; }
};

struct Initialisation {
  enum class Kind : uint8_t { zeros, ones, normal } kind = Kind::zeros;
  float stddev = 0;

  static Initialisation normal(float stddev) { return {Kind::normal, stddev}; }
  static Initialisation ones() { return {Kind::ones, 0}; }
};

// Parameters of one name are one parameter: this is how weights are tied.
struct ParameterSpec {
  std::string name;
  Shape shape;
  Initialisation initialisation;
  bool decays = false;  // weight decay applies: matrices and embeddings, not biases and norms
};

// What one call of forward or backward works on. Absent tensors are empty.
struct LayerTensors {
  std::vector<Tensor> inputs, outputs;
  std::vector<Tensor> saved;             // written by forward for backward
  std::vector<Tensor> weights;           // one per parameter, in the compute dtype
  std::vector<Tensor> weight_gradients;  // f32, added to
  std::vector<Tensor> output_gradients;  // absent where nothing flows back
  std::vector<Tensor> input_gradients;   // written; absent where none is wanted
};

class Layer {
 public:
  static constexpr int kNone = -1;

  virtual ~Layer() = default;

  virtual std::vector<ParameterSpec> parameters() const { return {}; }
  // Shapes of the outputs. Throws ConfigError if the inputs do not fit.
  virtual std::vector<TensorSpec> infer(std::span<const TensorSpec> inputs) const = 0;
  // Extra buffers that forward writes and backward reads.
  virtual std::vector<TensorSpec> saved(std::span<const TensorSpec> /*inputs*/) const { return {}; }
  // Floating-point operations of forward's products.
  virtual double forward_flops(std::span<const TensorSpec> /*inputs*/) const { return 0; }

  // Which tensors must still hold their forward values when backward runs.
  virtual bool backward_reads_input(int /*input*/) const { return false; }
  virtual bool backward_reads_output(int /*output*/) const { return false; }
  // Does backward read the weights, and not only add to their gradients?
  virtual bool backward_reads_weights() const { return true; }

  // Memory that may be shared. An output that is an input's memory, unchanged; an input gradient that may be written
  // over an output's gradient; an input gradient that equals another input's gradient.
  virtual int output_is_input(int /*output*/) const { return kNone; }
  virtual int input_gradient_over_output_gradient(int /*input*/) const { return kNone; }
  virtual int input_gradient_is_that_of(int /*input*/) const { return kNone; }

  // A loss computes its outputs and its gradients in one go: training then calls only backward, evaluation only
  // forward.
  virtual bool is_loss() const { return false; }

  virtual void forward(Pass& pass, const LayerTensors& t) const = 0;
  virtual void backward(Pass& pass, const LayerTensors& t) const = 0;
};

}  // namespace convoy
