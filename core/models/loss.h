// What a model is trained to make small, for families that leave it open.
//
// To add one: a layer that is a loss (core/layers/losses.h), a class here, and a line in kinds.cpp.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/kind.h"
#include "core/graph/graph.h"
#include "core/models/model_data.h"

namespace convoy {

// Of pairs of answers, arXiv:2305.18290.
struct Preference {
  double beta = 0.1, label_smoothing = 0;
};

class Loss {
 public:
  virtual ~Loss() = default;
  virtual void describe(Keys& keys) = 0;
  virtual std::unique_ptr<Loss> clone() const = 0;

  // Writes into the keys what they leave to the data. Throws ConfigError if they do not go together with it.
  virtual void settle(const BatchField& /*target*/, const ModelData& /*data*/) {}
  // How many numbers a sample's prediction has, for such a target. Throws ConfigError if the loss is not of such
  // targets.
  virtual int64_t outputs(const BatchField& target, const ModelData& data) const = 0;
  // Adds it to the graph: (losses, weights).
  virtual std::vector<ValueId> add(Graph& graph, ValueId predictions, ValueId target) const = 0;

  // Present: the loss compares the two answers of preference pairs, and families of language models build it by this.
  virtual const Preference* preference() const { return nullptr; }
  // What is evaluated where the config names no metrics.
  virtual std::vector<std::string_view> metrics() const { return {}; }

  // Turns what the model gives of a sample into what is told of it, in place: probabilities where it gives logits.
  virtual void predict(std::span<float> /*outputs*/) const {}
  // Are these probabilities?
  virtual bool predicts_probabilities() const { return false; }
};

using LossKind = KindOf<Loss>;
using LossChoice = ChoiceOf<Loss>;

}  // namespace convoy
