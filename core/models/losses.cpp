#include "core/models/losses.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/layers/losses.h"

namespace convoy {
namespace {

constexpr const char* name_of(LossRule rule) {
  switch (rule) {
    case LossRule::absolute:
      return "mae";
    case LossRule::huber:
      return "huber";
    case LossRule::binary_cross_entropy:
      return "binary_cross_entropy";
    case LossRule::squared:
      break;
  }
  return "mse";
}

int64_t numbers_in(LossRule rule, const BatchField& target, const ModelData& data) {
  if (target.dtype == DType::i32)
    throw ConfigError(
        fmt::format("loss.name = {} is of numbers, and the field {} of {} holds classes; write loss.name=cross_entropy",
                    name_of(rule), target.name, data.name));
  return target.shape.elements();
}

std::vector<ValueId> add_number_loss(Graph& graph, ValueId predictions, ValueId target, LossRule rule, double number) {
  return graph.add("loss", std::make_unique<NumberLoss>(name_of(rule), rule, static_cast<float>(number)),
                   {predictions, target});
}

}  // namespace

int64_t CrossEntropyLoss::outputs(const BatchField& target, const ModelData& data) const {
  const auto classes = data.classes.find(target.name);
  if (target.dtype != DType::i32 || classes == data.classes.end())
    throw ConfigError(fmt::format(
        "loss.name = cross_entropy is of classes, and the field {} of {} holds numbers; write loss.name=mse",
        target.name, data.name));
  return classes->second;
}

void CrossEntropyLoss::predict(std::span<float> outputs) const {
  const float most = *std::max_element(outputs.begin(), outputs.end());
  double sum = 0;
  for (float& output : outputs) sum += static_cast<double>(output = std::exp(output - most));
  for (float& output : outputs) output = static_cast<float>(static_cast<double>(output) / sum);
}

std::vector<ValueId> CrossEntropyLoss::add(Graph& graph, ValueId predictions, ValueId target) const {
  const CrossEntropyOptions options{"cross_entropy", static_cast<float>(label_smoothing)};
  return graph.add("loss", std::make_unique<SoftmaxCrossEntropy>(options), {predictions, target});
}

template <LossRule kRule>
int64_t NumbersLoss<kRule>::outputs(const BatchField& target, const ModelData& data) const {
  return numbers_in(kRule, target, data);
}
template <LossRule kRule>
std::vector<ValueId> NumbersLoss<kRule>::add(Graph& graph, ValueId predictions, ValueId target) const {
  return add_number_loss(graph, predictions, target, kRule, 1);
}
template struct NumbersLoss<LossRule::squared>;
template struct NumbersLoss<LossRule::absolute>;

int64_t HuberLoss::outputs(const BatchField& target, const ModelData& data) const {
  return numbers_in(LossRule::huber, target, data);
}

std::vector<ValueId> HuberLoss::add(Graph& graph, ValueId predictions, ValueId target) const {
  return add_number_loss(graph, predictions, target, LossRule::huber, delta);
}

int64_t BinaryCrossEntropyLoss::outputs(const BatchField& target, const ModelData& data) const {
  if (target.dtype != DType::i32) return target.shape.elements();
  const auto classes = data.classes.find(target.name);
  const int64_t count = classes == data.classes.end() ? 0 : classes->second;
  if (count != 2 || target.shape.elements() != 1)
    throw ConfigError(
        fmt::format("loss.name = binary_cross_entropy is of two classes, or of numbers from 0 to 1; the field {} of {} "
                    "holds {} of shape {}; write loss.name=cross_entropy",
                    target.name, data.name, count == 0 ? "whole numbers" : fmt::format("{} classes", count),
                    to_string(target.shape)));
  return 1;
}

void BinaryCrossEntropyLoss::predict(std::span<float> outputs) const {
  for (float& output : outputs) output = 1 / (1 + std::exp(-output));
}

std::vector<ValueId> BinaryCrossEntropyLoss::add(Graph& graph, ValueId predictions, ValueId target) const {
  return add_number_loss(graph, predictions, target, LossRule::binary_cross_entropy, 1);
}

}  // namespace convoy
