#include "core/train/evaluated_rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/bf16.h"
#include "core/base/error.h"
#include "core/data/host_fields.h"

namespace convoy {
namespace {

constexpr size_t kLosses = 0, kWeights = 1, kPredictions = 2, kTargets = 3, kRewards = 2;
// Of a sample that is told whole.
constexpr int64_t kMostNumbers = 4096;

Tensor spec_of(const Graph& graph, ValueId value) { return graph.values()[static_cast<size_t>(value)].spec.unbound(); }

// Of a micro-batch, which every input has in front.
int64_t samples_of(const Graph& graph) {
  const auto input = std::ranges::find_if(graph.values(), [](const Value& value) { return value.producer < 0; });
  if (input == graph.values().end()) throw InternalError("a graph without inputs is evaluated");
  return input->spec.shape[0];
}

// Samples have one loss each, and predictions small enough to be told.
bool tells_samples(const Graph& graph) {
  const int64_t samples = samples_of(graph);
  if (spec_of(graph, graph.result()).elements() != samples || !graph.outputs().contains("predictions")) return false;
  return spec_of(graph, graph.outputs().at("predictions")).elements() / samples <= kMostNumbers &&
         spec_of(graph, graph.outputs().at("targets")).elements() / samples <= kMostNumbers;
}

// Of a graph that tells no predictions.
bool has_rewards(const Graph& graph) { return graph.outputs().contains("rewards"); }

std::vector<Tensor> rows_of(const Graph& graph, const EvaluationWishes& wishes) {
  std::vector<Tensor> rows;
  if (wishes.metrics.empty() && wishes.worst == 0 && !graph.weighs_rows()) return rows;
  rows = {spec_of(graph, graph.result()), spec_of(graph, graph.weights())};
  const bool reads =
      std::ranges::any_of(wishes.metrics, [](const NamedMetric& m) { return m.metric->reads_predictions(); });
  if (reads && has_rewards(graph)) rows.push_back(spec_of(graph, graph.outputs().at("rewards")));
  if (!graph.outputs().contains("predictions") || (!reads && !(wishes.worst > 0 && tells_samples(graph)))) return rows;
  rows.push_back(spec_of(graph, graph.outputs().at("predictions")));
  rows.push_back(spec_of(graph, graph.outputs().at("targets")));
  return rows;
}

// One row of predictions or targets as floats: f32 where they lie, bf16 converted into `space`.
std::span<const float> floats_of(const Tensor& rows, int64_t row, int64_t width, std::vector<float>& space) {
  if (rows.dtype == DType::f32) return {rows.as<const float>() + row * width, static_cast<size_t>(width)};
  space.resize(static_cast<size_t>(width));
  for (int64_t i = 0; i < width; ++i)
    space[static_cast<size_t>(i)] = static_cast<float>(rows.as<const bf16>()[row * width + i]);
  return space;
}

}  // namespace

EvaluatedRows::EvaluatedRows(Device& device, const Program& program, const EvaluationWishes& wishes)
    : weighs_rows_(program.graph().weighs_rows()), on_host_(rows_of(program.graph(), wishes)) {
  if (on_host_.empty()) return;
  on_device_ = {program.result(), program.loss_weights()};
  rows_per_batch_ = on_host_[kLosses].elements();
  samples_per_batch_ = samples_of(program.graph());
  MetricShape shape;
  shape.pairs = has_rewards(program.graph());
  pairs_ = shape.pairs && on_host_.size() > kRewards;
  if (pairs_) on_device_.push_back(program.output("rewards"));
  if (has_predictions()) {
    on_device_.insert(on_device_.end(), {program.output("predictions"), program.output("targets")});
    shape = {on_host_[kPredictions].elements() / rows_per_batch_, on_host_[kTargets].dtype, wishes.class_names};
    if (shape.targets == DType::i32) classes_ = shape.classes();
  }
  worst_.count = static_cast<size_t>(wishes.worst);
  if (has_predictions() && tells_samples(program.graph())) {
    worst_.prediction = static_cast<size_t>(shape.numbers);
    if (classes_ == 0) worst_.target = static_cast<size_t>(on_host_[kTargets].elements() / rows_per_batch_);
  }
  metrics_ = MetricSums(wishes.metrics, std::move(shape));
  memory_ = device.allocate(host_bytes(on_host_), MemoryKind::host);
  place_in_host_memory(on_host_, memory_.data());
}

size_t EvaluatedRows::planned_bytes(const Graph& graph, const EvaluationWishes& wishes) {
  return host_bytes(rows_of(graph, wishes));
}

bool EvaluatedRows::has_predictions() const { return !pairs_ && on_host_.size() > kPredictions; }

WorstSamples EvaluatedRows::worst() const { return WorstSamples(worst_); }

void EvaluatedRows::copy(Stream& stream) const {
  for (size_t i = 0; i < on_device_.size(); ++i)
    stream.copy(on_host_[i].data, on_device_[i].data, on_device_[i].bytes());
}

std::optional<int64_t> EvaluatedRows::count(int64_t samples) const {
  if (!weighs_rows_) return std::nullopt;
  const auto* weights = on_host_[kWeights].as<const float>();
  return std::count_if(weights, weights + samples * (rows_per_batch_ / samples_per_batch_),
                       [](float weight) { return weight > 0; });
}

MetricRow EvaluatedRows::row(int64_t number) const {
  MetricRow row{.loss = static_cast<double>(on_host_[kLosses].as<const float>()[number]),
                .weight = static_cast<double>(on_host_[kWeights].as<const float>()[number])};
  if (pairs_) row.rewards = {on_host_[kRewards].as<const float>() + 2 * number, 2};
  if (!has_predictions()) return row;
  const Tensor &predictions = on_host_[kPredictions], &targets = on_host_[kTargets];
  row.prediction = floats_of(predictions, number, predictions.elements() / rows_per_batch_, prediction_space_);
  if (targets.dtype == DType::i32)
    row.target_class = targets.as<const int32_t>()[number];
  else
    row.target = floats_of(targets, number, targets.elements() / rows_per_batch_, target_space_);
  return row;
}

// Metrics count by it.
void EvaluatedRows::check_class(const MetricRow& row, int64_t sample) const {
  if (classes_ == 0 || (row.target_class >= 0 && static_cast<size_t>(row.target_class) < classes_)) return;
  throw DataError(
      fmt::format("sample {} of the split has the class {}, but the model knows {} classes, from 0 on; "
                  "import the data again, or change the number of the last layer's units",
                  sample, row.target_class, classes_));
}

void EvaluatedRows::tell(int64_t first_sample, int64_t samples, std::span<double> sums, std::vector<float>& kept,
                         WorstSamples& worst) const {
  if (on_host_.empty()) return;
  const int64_t each = rows_per_batch_ / samples_per_batch_;
  for (int64_t s = 0; s < samples; ++s) {
    for (int64_t i = s * each; metrics_.size() + metrics_.kept() > 0 && i < (s + 1) * each; ++i) {
      const MetricRow told = row(i);
      if (told.weight == 0) continue;
      check_class(told, first_sample + s);
      kept.resize(kept.size() + metrics_.kept());
      metrics_.add(told, sums, std::span(kept).last(metrics_.kept()));
    }
    if (worst_.count > 0) tell_worst(first_sample + s, s, worst);
  }
}

void EvaluatedRows::tell_worst(int64_t sample, int64_t of_batch, WorstSamples& worst) const {
  const int64_t each = rows_per_batch_ / samples_per_batch_;
  double losses = 0, weights = 0;
  for (int64_t i = of_batch * each; i < (of_batch + 1) * each; ++i) {
    losses += static_cast<double>(on_host_[kLosses].as<const float>()[i]);
    weights += static_cast<double>(on_host_[kWeights].as<const float>()[i]);
  }
  if (weights == 0 || !worst.takes(sample, losses / weights)) return;
  SampleLoss told{.sample = sample, .loss = losses / weights};
  if (worst_.prediction > 0) {
    const MetricRow only = row(of_batch);
    told.prediction.assign(only.prediction.begin(), only.prediction.end());
    told.target.assign(only.target.begin(), only.target.end());
    told.target_class = only.target_class;
  }
  worst.add(std::move(told));
}

}  // namespace convoy
