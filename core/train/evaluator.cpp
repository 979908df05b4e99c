#include "core/train/evaluator.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>

#include "core/base/integers.h"
#include "core/base/tree_sum.h"
#include "core/data/host_fields.h"
#include "core/ops/ops.h"
#include "core/ops/reductions.h"

namespace convoy {

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
  sums_ = p_.device.allocate(kPlannedBytes);
  sums_on_host_ = p_.device.allocate(kPlannedBytes, MemoryKind::host);
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
  std::vector<double> losses;
  std::vector<Sums> round(static_cast<size_t>(N));
  double weight = 0;
  for (int64_t i = 0; i < rounds; ++i) {
    const int64_t batch = i * N + p_.communicator.rank();
    const Sums mine = sums_of(std::min(batch, batches_ - 1));
    p_.communicator.all_gather_host(round.data(), &mine, sizeof mine);
    for (int64_t r = 0; r < N && i * N + r < batches_; ++r) {
      losses.push_back(round[static_cast<size_t>(r)].losses);
      weight += round[static_cast<size_t>(r)].weights;
    }
  }
  const std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - start;
  return {step, tree_sum(losses) / weight, static_cast<int64_t>(weight), elapsed.count()};
}

Evaluator::Sums Evaluator::sums_of(int64_t batch) {
  read(batch);
  copy_fields(p_.compute, inputs_, host_);
  Pass pass{.ops = p_.device.ops(), .stream = p_.compute};
  pass.traffic = p_.traffic;
  const Program& program = p_.model.evaluation();
  program.run(pass);
  const Tensor sums{sums_.data(), DType::f32, {2}};
  int which = 0;
  for (const Tensor& values : {program.result(), program.loss_weights()})
    p_.device.ops().run(p_.compute, Sum{sums.range(which++, 1),
                                        values.range(0, present_ * values.elements() / p_.micro_batch), 1, false});
  p_.compute.copy(sums_on_host_.data(), sums.data, sums.bytes());
  p_.compute.synchronize();
  const auto* host = static_cast<const float*>(sums_on_host_.data());
  return {static_cast<double>(host[0]), static_cast<double>(host[1])};
}

}  // namespace convoy
