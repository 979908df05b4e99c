#include "core/models/losses.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

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

constexpr const char *kNone = "none", *kBalanced = "balanced";
constexpr double kLeastWeight = 1e-6, kMostWeight = 1e6;  // a class of no weight is one that is ignored

// As scikit-learn has it: samples / (classes * samples of the class), of the classes that are not ignored. One that the
// training split lacks counts as if it were there once.
std::vector<double> balanced_weights(const BatchField& target, const ModelData& data, std::optional<int64_t> ignored) {
  std::vector<int64_t> counts = data.count_classes ? data.count_classes(target.name) : std::vector<int64_t>();
  if (counts.empty())
    throw ConfigError(
        fmt::format("loss.class_weights = {}, but {} does not tell how often each class of {} occurs; "
                    "give a number for each class",
                    kBalanced, data.name, target.name));
  if (ignored) counts[static_cast<size_t>(*ignored)] = 0;
  double samples = 0;
  for (const int64_t count : counts) samples += static_cast<double>(count);
  const auto classes = static_cast<double>(counts.size() - (ignored ? 1 : 0));
  std::vector<double> weights;
  for (const int64_t count : counts)
    weights.push_back(
        std::clamp(samples / (classes * static_cast<double>(std::max<int64_t>(1, count))), kLeastWeight, kMostWeight));
  if (ignored) weights[static_cast<size_t>(*ignored)] = 1;
  return weights;
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

void CrossEntropyLoss::describe(Keys& keys) {
  keys("label_smoothing", label_smoothing, "", "of a target's weight, spread over all classes",
       Allowed::from_to_below(0, 1));
  keys("class_weights", class_weights, "",
       "of the losses of each class, as many numbers; balanced: samples / (classes * samples of the class), by the "
       "training split",
       Allowed::words_or({kNone, kBalanced}, kLeastWeight, kMostWeight));
  keys("ignore_index", ignore_index, "", "a class whose samples count nowhere, neither in the loss nor in metrics",
       Allowed::from(0, 2147483647).or_word(kNone));
}

void CrossEntropyLoss::settle(const BatchField& target, const ModelData& data) {
  const int64_t classes = outputs(target, data);
  if (ignore_index.value_or(0) >= classes)
    throw ConfigError(fmt::format(
        "loss.ignore_index = {}, and the field {} of {} has {} classes, 0 to {}; name one of these, or write none",
        *ignore_index.value, target.name, data.name, classes, classes - 1));
  if (class_weights.word == kBalanced) class_weights = {"", balanced_weights(target, data, ignore_index.value)};
  const auto weights = static_cast<int64_t>(class_weights.numbers.size());
  if (class_weights.word.empty() && weights != classes)
    throw ConfigError(fmt::format(
        "loss.class_weights has {} numbers, and the field {} of {} has {} classes; give one for each, or write none",
        weights, target.name, data.name, classes));
}

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
  const CrossEntropyOptions options{.name = "cross_entropy",
                                    .label_smoothing = static_cast<float>(label_smoothing),
                                    .class_weights = {class_weights.numbers.begin(), class_weights.numbers.end()},
                                    .ignored = static_cast<int32_t>(ignore_index.value_or(-1))};
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

void DpoLoss::describe(Keys& keys) {
  keys("beta", terms.beta, "", "how far answers may move from the reference model: less is farther",
       Allowed::from(kLeastReal, kMostReal));
  keys("label_smoothing", terms.label_smoothing, "probability", "that a pair's labels are exchanged",
       Allowed::from_to_below(0, 0.5));
}

int64_t DpoLoss::outputs(const BatchField&, const ModelData& data) const {
  throw ConfigError(
      fmt::format("loss.name = dpo is of language models' answers, and this model reads {} of {}; write "
                  "loss.name=cross_entropy or mse",
                  field_names(data.fields), data.name));
}

std::vector<ValueId> DpoLoss::add(Graph&, ValueId, ValueId) const {
  throw InternalError("the loss of preference pairs is added to a model that gives predictions");
}

std::vector<std::string_view> DpoLoss::metrics() const {
  return {"accuracy", "reward_margin", "chosen_reward", "rejected_reward"};
}

}  // namespace convoy
