// A differentiable function with parameters: what a graph is made of.
//
// What a layer needs follows from its inputs' shapes: plan() says all of it in one answer. It runs forward and backward
// through Pass, owns no memory and keeps no state between calls. To add one: derive, add a line to a model that uses
// it, test it with tests/support/check_layer.h.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/layers/pass.h"
#include "core/tensor/tensor.h"

namespace convoy {

class Adapter;

struct TensorSpec {
  DType dtype = DType::f32;
  Shape shape;
  Tensor unbound() const { return {nullptr, dtype, shape}; }
};

struct Initialisation {
  enum class Kind : uint8_t { zeros, ones, normal, uniform, given, unknown } kind = Kind::zeros;
  float stddev = 0;                                       // of a uniform one, the bound: numbers of [-bound, bound)
  std::shared_ptr<const std::vector<float>> values = {};  // one for each element, if they are given
  std::string advice = {};                                // for people, if they are not known

  static Initialisation normal(float stddev) { return {Kind::normal, stddev}; }
  static Initialisation uniform(float bound) { return {Kind::uniform, bound}; }
  static Initialisation ones() { return {Kind::ones, 0}; }
  static Initialisation given(std::vector<float> values) {
    return {Kind::given, 0, std::make_shared<const std::vector<float>>(std::move(values))};
  }
  // A checkpoint has them; a run that begins without one is refused in these words.
  static Initialisation unknown(std::string advice) { return {Kind::unknown, 0, {}, std::move(advice)}; }
};

// How training treats a parameter.
enum class ParameterRole : uint8_t {
  learned,    // follows its gradient as the optimizer says
  statistic,  // a step adds to it what backward has added to its "gradient", over all micro-batches: a running average
              // adds micro_batch_share * momentum * (measured - average). No rule of the optimizer touches it
  constant,   // stays as it was initialised
  setting,    // likewise, but the config gives it: no part of the model, and so of no checkpoint
};
constexpr bool is_fixed(ParameterRole role) {
  return role == ParameterRole::constant || role == ParameterRole::setting;
}

// Rows of a parameter as a tensor of a checkpoint's model.safetensors.
struct StoredPiece {
  std::string name;
  int64_t first_row = 0, rows = 0;
  bool transposed = false;  // there, rows and columns are exchanged
};

// Parameters of one name are one parameter: this is how weights are tied.
struct ParameterSpec {
  std::string name;
  Shape shape;
  Initialisation initialisation;
  bool decays = false;                   // weight decay applies: matrices and embeddings, not biases and norms
  std::vector<StoredPiece> stored = {};  // in checkpoints; empty: as it is, under its name
  ParameterRole role = ParameterRole::learned;
  bool is_table = false;  // rows stand for themselves, as a vocabulary's do: embeddings and the heads that score them
  // Whatever its role, it stays as the model has it that the run began with, and every start reads it there: a run with
  // an adapter saves what that learns, and nothing of the model beneath.
  bool of_base = false;

  bool is_fixed() const { return of_base || convoy::is_fixed(role); }
  bool is_saved() const { return !of_base && role != ParameterRole::setting; }
  // In which a layer reads it: only what is learned is rounded to the dtype that the model computes in.
  DType dtype(DType compute) const { return role == ParameterRole::learned ? compute : DType::f32; }
};

// What one call of forward or backward works on. Absent tensors are empty.
struct LayerTensors {
  std::vector<Tensor> inputs, outputs;
  std::vector<Tensor> saved;             // written by forward for backward; empty where none will run
  std::vector<Tensor> states;            // one per state
  std::vector<Tensor> weights;           // one per parameter, in ParameterSpec::dtype of the compute dtype
  std::vector<Tensor> weight_gradients;  // f32, added to; absent where none is wanted
  std::vector<Tensor> output_gradients;  // absent where nothing flows back
  std::vector<Tensor> input_gradients;   // written; absent where none is wanted
};

// What a pass over the graph is for.
enum class Purpose : uint8_t {
  training,    // forward and backward
  evaluation,  // forward alone: nothing is kept for a backward
  generation,  // forward alone, a sequence piece by piece: what later pieces need is in states
};

// Memory that lives from pass to pass, such as the keys and values of the tokens so far. Zero at the start.
struct StateSpec {
  std::string name;
  TensorSpec spec;
};

// Which tensors must still hold their forward values when backward runs.
struct Reads {
  std::vector<int> inputs, outputs;  // by number
  bool weights = true;               // and not only adds to their gradients
};

// Memory that may be one. The plan decides; a layer must be right with and without.
struct Share {
  enum class Kind : uint8_t {
    output_is_input,      // output `one` is input `other`, unchanged
    gradient_over,        // the gradient of input `one` may be written over that of output `other`
    gradient_is,          // the gradient of input `one` equals that of input `other`
    gradient_is_scratch,  // backward uses the gradient of output `one` as scratch: it is lost
  };
  Kind kind;
  int one = 0, other = 0;
};

// What a layer needs for inputs of some shapes.
struct LayerPlan {
  std::vector<TensorSpec> outputs;
  std::vector<TensorSpec> saved;  // buffers that forward writes for backward; only for Purpose::training
  std::vector<ParameterSpec> parameters;
  std::vector<StateSpec> states;
  Reads backward_reads;
  std::vector<Share> shares;
  double forward_flops = 0;  // floating-point operations of forward's products
  // A loss has two outputs: losses, samples one after the other, and the weight of each, both f32; what is ignored
  // weighs nothing. Further ones are for evaluations. It computes them and its gradients, those of loss_scale * sum of
  // losses, in one go: training then calls only backward, evaluation only forward.
  bool is_loss = false;
  bool weighs_rows = false;  // a loss whose weights may differ from 1 although the data says that every target counts

  // The other one of such a share, if there is one.
  std::optional<int> shared(Share::Kind kind, int one) const {
    for (const Share& share : shares)
      if (share.kind == kind && share.one == one) return share.other;
    return std::nullopt;
  }
  bool backward_reads_input(int input) const { return std::ranges::count(backward_reads.inputs, input) > 0; }
  bool backward_reads_output(int output) const { return std::ranges::count(backward_reads.outputs, output) > 0; }
};

// A linear map y = x W within a layer, x (..., inputs), y (..., outputs): what can have an adapter beside it.
struct LinearMap {
  std::string weight;  // the parameter's name
  int64_t inputs = 0, outputs = 0;
  bool by_outputs = false;  // the weight's rows are outputs
};

class Layer {
 public:
  virtual ~Layer() = default;

  // Those that adapters may stand beside, and their adapters, one each, some of them none: plan() then has their
  // parameters behind its own. Before anything else is asked.
  virtual std::vector<LinearMap> linear_maps() const { return {}; }
  virtual void adapt(const std::vector<Adapter>& adapters);

  // Depends on shapes and dtypes alone; the parameters on no purpose. Throws ConfigError, naming the layer, if the
  // inputs do not fit.
  virtual LayerPlan plan(std::span<const TensorSpec> inputs, Purpose purpose) const = 0;

  virtual void forward(Pass& pass, const LayerTensors& t) const = 0;
  // Any gradient may be absent: an output's where nothing flows back, an input's or a weight's that is not wanted.
  virtual void backward(Pass& pass, const LayerTensors& t) const = 0;
};

}  // namespace convoy
