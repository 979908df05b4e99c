#include "core/train/evaluator.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <optional>

#include "core/base/error.h"
#include "core/base/integers.h"
#include "core/base/tree_sum.h"
#include "core/data/host_fields.h"
#include "core/ops/ops.h"
#include "core/ops/reductions.h"

namespace convoy {

namespace {
constexpr size_t kOnDevice = 2;  // sums of losses and of their weights
constexpr size_t kSumBytes = kOnDevice * sizeof(float);
constexpr size_t kLossSums = kOnDevice + 1;  // with the number of rows that count
}  // namespace

Evaluator::Evaluator(const Parts& parts) : p_(parts), rows_(p_.device, p_.model.evaluation(), p_.wishes) {
  for (const BatchField& field : p_.source.fields()) inputs_.push_back(p_.model.evaluation().input(field.name));
  host_ = inputs_;
  host_memory_ = p_.device.allocate(host_bytes(host_), MemoryKind::host);
  place_in_host_memory(host_, host_memory_.data());
  sums_ = p_.device.allocate(kSumBytes);
  sums_on_host_ = p_.device.allocate(kSumBytes, MemoryKind::host);
}

MemoryUse Evaluator::planned_memory(std::span<const Tensor> fields, const EvaluationWishes& wishes,
                                    const Graph& graph) {
  return {.workspace = kSumBytes, .host = host_bytes(fields) + kSumBytes + EvaluatedRows::planned_bytes(graph, wishes)};
}

Evaluator::Batches Evaluator::batches_of(const EvaluationRange& range) const {
  const int64_t samples = p_.source.samples(range.split);
  if (samples == 0)
    throw DataError(
        fmt::format("the {} split has no sample; import more data, lower model.context if it is text, or train without "
                    "evaluation: evaluate.batches=0",
                    name_of(range.split)));
  const int64_t all = ceil_div(samples, p_.micro_batch);
  const int64_t count = range.batches == 0 ? all : std::min(range.batches, all);
  return {range.split, samples, count, all / count};
}

void Evaluator::read_all(const EvaluationRange& range) {
  const Batches batches = batches_of(range);
  for (int64_t i = 0; i < rounds(batches); ++i) read(batches, std::min(batch_of_round(i), batches.count - 1));
}

void Evaluator::read_first(Split split) { read(batches_of({split, 0}), 0); }

int64_t Evaluator::rounds(const Batches& batches) const {
  return ceil_div<int64_t>(batches.count, p_.communicator.size());
}

int64_t Evaluator::batch_of_round(int64_t round) const {
  return round * p_.communicator.size() + p_.communicator.rank();
}

// Returns how many samples the batch has; where they are missing, copies of the first stand in: what they give is not
// counted.
int64_t Evaluator::read(const Batches& batches, int64_t batch) {
  const int64_t first = batches.first_sample(batch, p_.micro_batch);
  const int64_t there = std::min(p_.micro_batch, batches.samples - first);
  std::vector<Tensor> present;
  for (const Tensor& field : host_) {
    std::vector<int64_t> extents(field.shape.begin(), field.shape.end());
    extents.front() = there;
    present.push_back(field.reshaped(Shape(extents)));
  }
  p_.source.read(batches.split, first, there, present);
  for (const Tensor& field : host_) {
    const size_t bytes = field.bytes() / static_cast<size_t>(p_.micro_batch);
    for (int64_t missing = there; missing < p_.micro_batch; ++missing)
      std::memcpy(field.as<std::byte>() + static_cast<size_t>(missing) * bytes, field.data, bytes);
  }
  return there;
}

EvaluationMetrics Evaluator::run(int64_t step, const EvaluationRange& range) {
  const auto start = std::chrono::steady_clock::now();
  const Batches batches = batches_of(range);
  const int64_t N = p_.communicator.size();
  TreeSums all(kLossSums + rows_.metrics().size());
  std::vector<float> kept;
  WorstSamples worst = rows_.worst();
  for (int64_t i = 0; i < rounds(batches); ++i) {
    const int64_t batch = batch_of_round(i);
    WorstSamples again = rows_.worst();  // of a batch that another rank tells
    const std::vector<std::byte> mine =
        pack(batch < batches.count ? compute(batches, batch, worst) : compute(batches, batches.count - 1, again));
    std::vector<std::byte> round(mine.size() * static_cast<size_t>(N));
    p_.communicator.all_gather_host(round.data(), mine.data(), mine.size());
    for (int64_t r = 0; r < N && i * N + r < batches.count; ++r) {
      Result of_rank = unpack(std::span(round).subspan(static_cast<size_t>(r) * mine.size(), mine.size()));
      all.add(std::move(of_rank.sums));
      kept.insert(kept.end(), of_rank.kept.begin(), of_rank.kept.end());
    }
  }
  const std::vector<double> sums = all.sums();
  MetricValues values = rows_.metrics().values(std::span(sums).subspan(kLossSums), kept);
  std::vector<SampleLoss> worst_samples;
  if (p_.wishes.worst > 0) worst_samples = worst.gather(p_.communicator);
  const std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - start;
  return {.step = step,
          .loss = sums[0] / sums[1],
          .tokens = static_cast<int64_t>(sums[kOnDevice]),
          .ms = elapsed.count(),
          .metrics = std::move(values.numbers),
          .matrices = std::move(values.matrices),
          .worst = std::move(worst_samples)};
}

Evaluator::Result Evaluator::compute(const Batches& batches, int64_t batch, WorstSamples& worst) {
  const int64_t samples = read(batches, batch);
  copy_fields(p_.compute, inputs_, host_);
  Pass pass{.ops = p_.device.ops(), .stream = p_.compute, .rows_alike = true};
  const Program& program = p_.model.evaluation();
  program.run(pass);
  const Tensor sums{sums_.data(), DType::f32, {kOnDevice}};
  int which = 0;
  for (const Tensor& values : {program.result(), program.loss_weights()})
    p_.device.ops().run(p_.compute, Sum{sums.range(which++, 1),
                                        values.range(0, samples * values.elements() / p_.micro_batch), 1, false});
  rows_.copy(p_.compute);
  p_.compute.copy(sums_on_host_.data(), sums.data, sums.bytes());
  p_.compute.synchronize();
  const auto* host = static_cast<const float*>(sums_on_host_.data());
  const double losses = static_cast<double>(host[0]), weights = static_cast<double>(host[1]);
  const std::optional<int64_t> rows = rows_.count(samples);
  Result result{{losses, weights, rows ? static_cast<double>(*rows) : weights}, {}};
  result.sums.resize(kLossSums + rows_.metrics().size());
  rows_.tell(batches.first_sample(batch, p_.micro_batch), samples, std::span(result.sums).subspan(kLossSums),
             result.kept, worst);
  return result;
}

// As long on every rank: room for every row of a micro-batch, and how much of it is used.
std::vector<std::byte> Evaluator::pack(const Result& result) const {
  const size_t sums = result.sums.size() * sizeof(double), kept = result.kept.size() * sizeof(float);
  const size_t room = rows_.metrics().kept() * static_cast<size_t>(rows_.rows_per_batch()) * sizeof(float);
  std::vector<std::byte> packed(sums + sizeof kept + room);
  std::memcpy(packed.data(), result.sums.data(), sums);
  std::memcpy(packed.data() + sums, &kept, sizeof kept);
  if (kept > 0) std::memcpy(packed.data() + sums + sizeof kept, result.kept.data(), kept);
  return packed;
}

Evaluator::Result Evaluator::unpack(std::span<const std::byte> packed) const {
  Result result{std::vector<double>(kLossSums + rows_.metrics().size()), {}};
  const size_t sums = result.sums.size() * sizeof(double);
  size_t kept = 0;
  std::memcpy(result.sums.data(), packed.data(), sums);
  std::memcpy(&kept, packed.data() + sums, sizeof kept);
  result.kept.resize(kept / sizeof(float));
  if (kept > 0) std::memcpy(result.kept.data(), packed.data() + sums + sizeof kept, kept);
  return result;
}

}  // namespace convoy
