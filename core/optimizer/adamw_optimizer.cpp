#include "core/optimizer/adamw_optimizer.h"

#include <cmath>

#include "core/base/integers.h"
#include "core/ops/ops.h"
#include "core/ops/reductions.h"

namespace convoy {

namespace {
constexpr size_t kAlignment = 256;

int64_t block_count(const ParameterLayout& layout) { return ceil_div(layout.padded_elements(), kSumSquaresBlock); }
}  // namespace

size_t AdamWOptimizer::planned_bytes(const ParameterLayout& layout) {
  return round_up(static_cast<size_t>(block_count(layout)) * 4, kAlignment) + 2 * kAlignment;
}

AdamWOptimizer::AdamWOptimizer(Communication& communication, ParameterStorage& parameters,
                               const OptimizerConfig& config, double clip_norm)
    : communication_(communication),
      ops_(communication.device().ops()),
      compute_(communication.compute()),
      parameters_(parameters),
      config_(config),
      clip_norm_(static_cast<float>(clip_norm)),
      memory_(communication.device().allocate(planned_bytes(parameters.layout()))),
      schedule_on_host_(communication.device().allocate(3 * sizeof(float), MemoryKind::host)),
      norm_([this] { sum_squares(); }),
      update_([this] { update(); }) {
  auto* base = static_cast<std::byte*>(memory_.data());
  norm_and_factor_ = {base, DType::f32, {2}};
  schedule_ = {base + kAlignment, DType::f32, {3}};
  partials_ = {base + 2 * kAlignment, DType::f32, {block_count(parameters.layout())}};
}

void AdamWOptimizer::step(int64_t t, double lr, bool record) {
  auto* schedule = static_cast<float*>(schedule_on_host_.data());
  schedule[0] = static_cast<float>(lr);
  schedule[1] = static_cast<float>(1 - std::pow(config_.beta1, static_cast<double>(t)));
  schedule[2] = static_cast<float>(1 - std::pow(config_.beta2, static_cast<double>(t)));
  run(norm_, record);
  if (parameters_.sharding().shards_optimizer()) bring_norm_together(t);
  run(update_, record);
}

void AdamWOptimizer::divide_by(const Tensor& weight, double nominal_weight) {
  weight_ = weight;
  nominal_weight_ = static_cast<float>(nominal_weight);
}

void AdamWOptimizer::run(Replay& part, bool record) {
  if (record)
    part.run(communication_.device(), compute_);
  else
    part.run_unrecorded();
}

void AdamWOptimizer::sum_squares() {
  compute_.copy(schedule_.data, schedule_on_host_.data(), schedule_.bytes());
  if (parameters_.sharding().shards_optimizer()) compute_.zero(partials_.data, partials_.bytes());
  for (const OwnedRange& range : parameters_.owned()) {
    const int64_t blocks = ceil_div(range.elements(), kSumSquaresBlock);
    ops_.run(compute_,
             SumSquares{partials_.range(range.begin / kSumSquaresBlock, blocks), parameters_.owned_gradients(range)});
  }
}

// Every block's sum is one rank's, and zero on the others: adding them is exact in any order.
void AdamWOptimizer::bring_norm_together(int64_t t) {
  communication_.follow_compute();
  communication_.communicator().label(t, "gradient norm");
  communication_.communicator().all_reduce(communication_.stream(), partials_);
  communication_.await_all();
}

void AdamWOptimizer::update() {
  ops_.run(compute_, ClipFactor{norm_and_factor_, partials_, clip_norm_, weight_, nominal_weight_});
  for (const OwnedRange& range : parameters_.owned()) ops_.run(compute_, update_of(range));
}

AdamW AdamWOptimizer::update_of(const OwnedRange& range) const {
  AdamW update;
  update.weights = parameters_.owned_weights(range);
  update.master = ParameterStorage::owned_state(parameters_.master(), range);
  update.gradient = parameters_.owned_gradients(range);
  update.m = ParameterStorage::owned_state(parameters_.m(), range);
  update.v = ParameterStorage::owned_state(parameters_.v(), range);
  update.decays =
      parameters_.decays().range(range.begin / kParameterBlock, ceil_div(range.elements(), kParameterBlock));
  update.norm_and_factor = norm_and_factor_;
  update.schedule = schedule_;
  update.beta1 = static_cast<float>(config_.beta1);
  update.beta2 = static_cast<float>(config_.beta2);
  update.eps = static_cast<float>(config_.eps);
  update.weight_decay = static_cast<float>(config_.weight_decay);
  return update;
}

}  // namespace convoy
