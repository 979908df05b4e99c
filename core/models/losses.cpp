#include "core/models/losses.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/layers/losses.h"

namespace convoy {

int64_t CrossEntropyLoss::outputs(const BatchField& target, const ModelData& data) const {
  const auto classes = data.classes.find(target.name);
  if (target.dtype != DType::i32 || classes == data.classes.end())
    throw ConfigError(fmt::format(
        "loss.name = cross_entropy is of classes, and the field {} of {} holds numbers; write loss.name=mse",
        target.name, data.name));
  return classes->second;
}

std::vector<ValueId> CrossEntropyLoss::add(Graph& graph, ValueId predictions, ValueId target) const {
  return graph.add("loss", std::make_unique<SoftmaxCrossEntropy>("cross_entropy"), {predictions, target});
}

int64_t MseLoss::outputs(const BatchField& target, const ModelData& data) const {
  if (target.dtype == DType::i32)
    throw ConfigError(fmt::format(
        "loss.name = mse is of numbers, and the field {} of {} holds classes; write loss.name=cross_entropy",
        target.name, data.name));
  return target.shape.elements();
}

std::vector<ValueId> MseLoss::add(Graph& graph, ValueId predictions, ValueId target) const {
  return graph.add("loss", std::make_unique<MeanSquaredError>("mse"), {predictions, target});
}

}  // namespace convoy
