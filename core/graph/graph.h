// A model: layers joined by values with static shapes, in an order in which they can run.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/graph/adapter_rule.h"
#include "core/layers/layer.h"

namespace convoy {

using ValueId = int;

struct Value {
  std::string name;
  TensorSpec spec;
  int producer = -1;  // node; -1: an input of the graph
  int output = 0;     // which output of the producer
};

struct Node {
  std::string name;
  std::unique_ptr<Layer> layer;
  LayerPlan plan;  // for training
  std::vector<ValueId> inputs, outputs;
  int block = -1;  // nodes of one block are recomputed together; -1: never recomputed
};

class Graph {
 public:
  // What the model computes in: layers that convert their input give it. f32 unless it is said.
  void compute_in(DType dtype) { compute_dtype_ = dtype; }
  DType compute_dtype() const { return compute_dtype_; }

  // Nodes added from now on belong to this block.
  void begin_block(int block) { block_ = block; }

  // How checkpoints hold the parameters of nodes that are added from now on: in pieces that cover all rows, under the
  // names that a peer has for them. No pieces: as it is.
  using StoredAs = std::function<std::vector<StoredPiece>(const ParameterSpec&)>;
  void store_as(StoredAs stored_as) { stored_as_ = std::move(stored_as); }

  // Gives linear maps an adapter (core/graph/adapter_rule.h), and lets nothing else learn: what parameters there are is
  // then of the model beneath (ParameterSpec::of_base). Once, when all nodes are there. Throws ConfigError, naming near
  // maps, if the rule matches none, and if its rank is more than a map's width.
  void adapt(const AdapterRule& rule);

  ValueId add_input(std::string name, const TensorSpec& spec);
  // Infers shapes; throws ConfigError if they do not fit, or are larger than can be counted. Returns the outputs.
  std::vector<ValueId> add(std::string name, std::unique_ptr<Layer> layer, std::vector<ValueId> inputs);
  // The value that is read after the graph has run: logits.
  void set_result(ValueId value) { result_ = value; }
  // The outputs of a loss, both of which are read.
  void set_loss(const std::vector<ValueId>& losses_and_weights) {
    result_ = losses_and_weights.at(0);
    weights_ = losses_and_weights.at(1);
  }

  // A value that can be read after a pass that does not train: what metrics compare with targets.
  void set_output(std::string name, ValueId value) { outputs_[std::move(name)] = value; }
  const std::map<std::string, ValueId>& outputs() const { return outputs_; }

  // Sequences that a sample holds, one after the other in what layers see as a batch.
  void set_sequences_per_sample(int64_t count) { sequences_per_sample_ = count; }
  int64_t sequences_per_sample() const { return sequences_per_sample_; }

  const std::vector<Node>& nodes() const { return nodes_; }
  const std::vector<Value>& values() const { return values_; }
  ValueId result() const { return result_; }
  ValueId weights() const { return weights_; }  // -1: the graph has no loss
  // May weights of losses differ from 1 although the data says that every target counts?
  bool weighs_rows() const;
  // Input by name; throws InternalError if absent.
  ValueId input(const std::string& name) const;
  // Names of the inputs that it is computed of.
  std::vector<std::string> inputs_of(ValueId value) const;
  const TensorSpec& spec(ValueId value) const { return values_[static_cast<size_t>(value)].spec; }
  std::vector<TensorSpec> specs(const std::vector<ValueId>& values) const;
  // Of forward's products; a training step in which all weights learn does about three times as many.
  double forward_flops() const;

 private:
  std::vector<Node> nodes_;
  std::vector<Value> values_;
  std::map<std::string, ValueId> outputs_;
  ValueId result_ = -1, weights_ = -1;
  int block_ = -1;
  int64_t sequences_per_sample_ = 1;
  DType compute_dtype_ = DType::f32;
  StoredAs stored_as_;
};

}  // namespace convoy
