#include "core/optimizer/adamw_optimizer.h"

#include <cmath>

#include "core/base/integers.h"
#include "core/ops/ops.h"

namespace convoy {

namespace {
constexpr size_t kAlignment = 256;

int64_t block_count(const ParameterLayout& layout) { return ceil_div(layout.padded_elements(), kSumSquaresBlock); }
}  // namespace

size_t AdamWOptimizer::planned_bytes(const ParameterLayout& layout) {
  return round_up(static_cast<size_t>(block_count(layout)) * 4, kAlignment) + 2 * kAlignment;
}

AdamWOptimizer::AdamWOptimizer(Device& device, ParameterStorage& parameters, const OptimizerConfig& config,
                               double clip_norm)
    : ops_(device.ops()),
      parameters_(parameters),
      config_(config),
      clip_norm_(static_cast<float>(clip_norm)),
      memory_(device.allocate(planned_bytes(parameters.layout()))),
      schedule_on_host_(device.allocate(3 * sizeof(float), MemoryKind::host)) {
  auto* base = static_cast<std::byte*>(memory_.data());
  norm_and_factor_ = {base, DType::f32, {2}};
  schedule_ = {base + kAlignment, DType::f32, {3}};
  partials_ = {base + 2 * kAlignment, DType::f32, {block_count(parameters.layout())}};
}

void AdamWOptimizer::step(Stream& stream, int64_t t, double lr) {
  auto* schedule = static_cast<float*>(schedule_on_host_.data());
  schedule[0] = static_cast<float>(lr);
  schedule[1] = static_cast<float>(1 - std::pow(config_.beta1, static_cast<double>(t)));
  schedule[2] = static_cast<float>(1 - std::pow(config_.beta2, static_cast<double>(t)));
  stream.copy(schedule_.data, schedule, schedule_.bytes());
  ops_.run(stream, SumSquares{partials_, parameters_.gradients()});
  ops_.run(stream, ClipFactor{norm_and_factor_, partials_, clip_norm_});
  AdamW update;
  update.weights = parameters_.weights();
  update.master = parameters_.master();
  update.gradient = parameters_.gradients();
  update.m = parameters_.m();
  update.v = parameters_.v();
  update.decays = parameters_.decays();
  update.norm_and_factor = norm_and_factor_;
  update.schedule = schedule_;
  update.beta1 = static_cast<float>(config_.beta1);
  update.beta2 = static_cast<float>(config_.beta2);
  update.eps = static_cast<float>(config_.eps);
  update.weight_decay = static_cast<float>(config_.weight_decay);
  ops_.run(stream, update);
}

}  // namespace convoy
