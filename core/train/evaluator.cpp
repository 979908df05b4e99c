#include "core/train/evaluator.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <span>

#include "core/base/bf16.h"
#include "core/base/integers.h"
#include "core/base/tree_sum.h"
#include "core/data/host_fields.h"
#include "core/ops/ops.h"
#include "core/ops/reductions.h"

namespace convoy {

namespace {
constexpr size_t kLossSums = 2;  // of losses and of their weights
constexpr size_t kSumBytes = kLossSums * sizeof(float);

// What metrics read of a pass: losses, weights and, where one reads them, predictions and targets.
std::vector<Tensor> rows_of(const std::vector<NamedMetric>& metrics, const Graph& graph) {
  std::vector<Tensor> rows;
  if (metrics.empty()) return rows;
  const auto add = [&](ValueId value) { rows.push_back(graph.values()[static_cast<size_t>(value)].spec.unbound()); };
  add(graph.result());
  add(graph.weights());
  const bool reads = std::ranges::any_of(metrics, [](const NamedMetric& m) { return m.metric->reads_predictions(); });
  if (!reads || !graph.outputs().contains("predictions")) return rows;
  add(graph.outputs().at("predictions"));
  add(graph.outputs().at("targets"));
  return rows;
}
}  // namespace

Evaluator::Evaluator(const Parts& parts) : p_(parts), samples_(parts.source.samples(parts.split)) {
  if (samples_ == 0)
    throw DataError(
        fmt::format("the {} split has no sample; import more data, lower model.context if it is text, or train without "
                    "evaluation: evaluate.batches=0",
                    name_of(p_.split)));
  const int64_t all = ceil_div(samples_, p_.micro_batch);
  batches_ = p_.batches == 0 ? all : std::min(p_.batches, all);
  stride_ = all / batches_;
  for (const BatchField& field : p_.source.fields()) inputs_.push_back(p_.model.evaluation().input(field.name));
  host_ = inputs_;
  host_memory_ = p_.device.allocate(host_bytes(host_), MemoryKind::host);
  place_in_host_memory(host_, host_memory_.data());
  sums_ = p_.device.allocate(kSumBytes);
  sums_on_host_ = p_.device.allocate(kSumBytes, MemoryKind::host);
  prepare_metrics();
}

MemoryUse Evaluator::planned_memory(std::span<const Tensor> fields, const std::vector<NamedMetric>& metrics,
                                    const Graph& graph) {
  return {.workspace = kSumBytes, .host = host_bytes(fields) + kSumBytes + host_bytes(rows_of(metrics, graph))};
}

// What lies on the device after a pass, and its place on the host.
void Evaluator::prepare_metrics() {
  if (p_.metrics.empty()) return;
  const Program& program = p_.model.evaluation();
  rows_on_host_ = rows_of(p_.metrics, p_.model.graph());
  MetricShape shape;
  if (rows_on_host_.size() > kLossSums)
    shape = {rows_on_host_[2].elements() / program.result().elements(), rows_on_host_[3].dtype};
  metrics_ = MetricSums(p_.metrics, shape);
  rows_ = {program.result(), program.loss_weights()};
  if (rows_on_host_.size() > kLossSums)
    rows_.insert(rows_.end(), {program.output("predictions"), program.output("targets")});
  rows_memory_ = p_.device.allocate(host_bytes(rows_on_host_), MemoryKind::host);
  place_in_host_memory(rows_on_host_, rows_memory_.data());
}

void Evaluator::read_all() {
  for (int64_t batch = p_.communicator.rank(); batch < batches_; batch += p_.communicator.size()) read(batch);
}

// Where samples are missing, copies of the first stand in: what they give is not counted.
void Evaluator::read(int64_t batch) {
  const int64_t first = first_sample(batch);
  present_ = std::min(p_.micro_batch, samples_ - first);
  std::vector<Tensor> present;
  for (const Tensor& field : host_) {
    std::vector<int64_t> extents(field.shape.begin(), field.shape.end());
    extents.front() = present_;
    present.push_back(field.reshaped(Shape(extents)));
  }
  p_.source.read(p_.split, first, present_, present);
  for (const Tensor& field : host_) {
    const size_t bytes = field.bytes() / static_cast<size_t>(p_.micro_batch);
    for (int64_t missing = present_; missing < p_.micro_batch; ++missing)
      std::memcpy(field.as<std::byte>() + static_cast<size_t>(missing) * bytes, field.data, bytes);
  }
}

EvaluationMetrics Evaluator::run(int64_t step) {
  const auto start = std::chrono::steady_clock::now();
  const int64_t N = p_.communicator.size(), rounds = ceil_div(batches_, N);
  const size_t count = kLossSums + metrics_.size();
  std::vector<std::vector<double>> of_batches(count);  // each sum, batch by batch
  std::vector<double> round(count * static_cast<size_t>(N));
  for (int64_t i = 0; i < rounds; ++i) {
    const int64_t batch = i * N + p_.communicator.rank();
    const Sums mine = sums_of(std::min(batch, batches_ - 1));
    p_.communicator.all_gather_host(round.data(), mine.data(), count * sizeof(double));
    for (int64_t r = 0; r < N && i * N + r < batches_; ++r)
      for (size_t k = 0; k < count; ++k) of_batches[k].push_back(round[static_cast<size_t>(r) * count + k]);
  }
  Sums sums;
  for (const std::vector<double>& batches : of_batches) sums.push_back(tree_sum(batches));
  const std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - start;
  return {step, sums[0] / sums[1], static_cast<int64_t>(sums[1]), elapsed.count(),
          metrics_.values(std::span(sums).subspan(kLossSums))};
}

Evaluator::Sums Evaluator::sums_of(int64_t batch) {
  read(batch);
  copy_fields(p_.compute, inputs_, host_);
  Pass pass{.ops = p_.device.ops(), .stream = p_.compute};
  const Program& program = p_.model.evaluation();
  program.run(pass);
  const Tensor sums{sums_.data(), DType::f32, {kLossSums}};
  int which = 0;
  for (const Tensor& values : {program.result(), program.loss_weights()})
    p_.device.ops().run(p_.compute, Sum{sums.range(which++, 1),
                                        values.range(0, present_ * values.elements() / p_.micro_batch), 1, false});
  for (size_t i = 0; i < rows_.size(); ++i) p_.compute.copy(rows_on_host_[i].data, rows_[i].data, rows_[i].bytes());
  p_.compute.copy(sums_on_host_.data(), sums.data, sums.bytes());
  p_.compute.synchronize();
  const auto* host = static_cast<const float*>(sums_on_host_.data());
  Sums result{static_cast<double>(host[0]), static_cast<double>(host[1])};
  result.resize(kLossSums + metrics_.size());
  if (metrics_.size() > 0) add_metrics(result);
  return result;
}

namespace {

// One row of predictions or targets as floats: f32 where they lie, bf16 converted into `space`.
std::span<const float> floats_of(const Tensor& rows, int64_t row, int64_t width, std::vector<float>& space) {
  if (rows.dtype == DType::f32) return {rows.as<const float>() + row * width, static_cast<size_t>(width)};
  space.resize(static_cast<size_t>(width));
  for (int64_t i = 0; i < width; ++i)
    space[static_cast<size_t>(i)] = static_cast<float>(rows.as<const bf16>()[row * width + i]);
  return space;
}

}  // namespace

// Row by row, in their order.
void Evaluator::add_metrics(Sums& sums) {
  const std::span<double> mine = std::span(sums).subspan(kLossSums);
  const int64_t rows = present_ * rows_[0].elements() / p_.micro_batch;
  std::vector<float> prediction_space, target_space;
  for (int64_t row = 0; row < rows; ++row) {
    if (rows_on_host_[1].as<const float>()[row] == 0) continue;
    MetricRow told{.loss = static_cast<double>(rows_on_host_[0].as<const float>()[row])};
    if (rows_.size() > kLossSums) {
      const Tensor &predictions = rows_on_host_[2], &targets = rows_on_host_[3];
      told.prediction = floats_of(predictions, row, predictions.elements() / rows_[0].elements(), prediction_space);
      if (targets.dtype == DType::i32)
        told.target_class = targets.as<const int32_t>()[row];
      else
        told.target = floats_of(targets, row, targets.elements() / rows_[0].elements(), target_space);
    }
    metrics_.add(told, mine);
  }
}

}  // namespace convoy
