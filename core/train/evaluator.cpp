#include "core/train/evaluator.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "core/base/integers.h"
#include "core/base/tree_sum.h"
#include "core/data/host_fields.h"
#include "core/ops/ops.h"
#include "core/ops/reductions.h"

namespace convoy {

Evaluator::Evaluator(const Parts& parts) : p_(parts) {
  const int64_t available = p_.source.samples(Split::validation) / p_.micro_batch;
  if (available == 0)
    throw DataError(
        fmt::format("the validation split has {} sequences, one micro-batch of {} is wanted; import more text, "
                    "raise --validation, or lower batch.micro or model.context",
                    p_.source.samples(Split::validation), p_.micro_batch));
  batches_ = std::min(p_.batches, available);
  spacing_ = available / batches_ * p_.micro_batch;
  for (const BatchField& field : p_.source.fields()) inputs_.push_back(p_.model.evaluation().input(field.name));
  host_ = inputs_;
  host_memory_ = p_.device.allocate(host_bytes(host_), MemoryKind::host);
  place_in_host_memory(host_, host_memory_.data());
  sum_ = p_.device.allocate(kPlannedBytes);
  sum_on_host_ = p_.device.allocate(sizeof(float), MemoryKind::host);
}

void Evaluator::read_all() {
  for (int64_t batch = p_.communicator.rank(); batch < batches_; batch += p_.communicator.size())
    p_.source.read(Split::validation, batch * spacing_, p_.micro_batch, host_);
}

EvaluationMetrics Evaluator::run(int64_t step) {
  const auto start = std::chrono::steady_clock::now();
  const int64_t N = p_.communicator.size(), rounds = ceil_div(batches_, N);
  std::vector<double> losses;
  std::vector<double> round(static_cast<size_t>(N));
  for (int64_t i = 0; i < rounds; ++i) {
    const int64_t batch = i * N + p_.communicator.rank();
    const double mine = loss_of(std::min(batch, batches_ - 1) * spacing_);
    p_.communicator.all_gather_host(round.data(), &mine, sizeof mine);
    losses.insert(losses.end(), round.begin(), round.end());
  }
  losses.resize(static_cast<size_t>(batches_));
  const int64_t per_batch = p_.model.evaluation().result().elements();
  const std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - start;
  return {step, tree_sum(losses) / static_cast<double>(batches_), batches_ * per_batch, elapsed.count()};
}

double Evaluator::loss_of(int64_t first_sample) {
  p_.source.read(Split::validation, first_sample, p_.micro_batch, host_);
  copy_fields(p_.compute, inputs_, host_);
  Pass pass{.ops = p_.device.ops(), .stream = p_.compute};
  pass.traffic = p_.traffic;
  p_.model.evaluation().run(pass);
  const Tensor losses = p_.model.evaluation().result(), sum{sum_.data(), DType::f32, {1}};
  p_.device.ops().run(p_.compute, Sum{sum, losses, 1.0f / static_cast<float>(losses.elements()), false});
  p_.compute.copy(sum_on_host_.data(), sum.data, sum.bytes());
  p_.compute.synchronize();
  return static_cast<double>(*static_cast<const float*>(sum_on_host_.data()));
}

}  // namespace convoy
