#include "core/optimizer/optimizer_step.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/integers.h"
#include "core/comm/bytes_sent.h"
#include "core/ops/moving_average.h"
#include "core/ops/optimizer_update.h"
#include "core/ops/reductions.h"
#include "core/optimizer/statistics_update.h"

namespace convoy {

namespace {

constexpr size_t kAlignment = 256;

size_t aligned(size_t bytes) { return round_up(bytes, kAlignment); }

// Those that hold parameters: padding, which depends on the number of ranks, has no part in the norm.
int64_t block_count(const ParameterLayout& layout) { return ceil_div(layout.elements(), kSumSquaresBlock); }

// Floats that change every step, of one group.
size_t number_count(const Optimizer& optimizer) { return optimizer.numbers(1, 0).size(); }

const Optimizer& require_possible(const Optimizer& optimizer, const Ops& ops) {
  if (const std::string missing = optimizer.missing(ops); !missing.empty())
    throw ConfigError(fmt::format("optimizer.name = {}: device {} has no {}; choose another optimizer or device",
                                  optimizer.name(), ops.device(), missing));
  return optimizer;
}

size_t partial_bytes(const std::vector<const ParameterLayout*>& groups) {
  size_t blocks = 0;
  for (const ParameterLayout* layout : groups) blocks += static_cast<size_t>(block_count(*layout));
  return blocks * sizeof(float);
}

std::vector<const ParameterLayout*> layouts_of(const std::vector<OptimizedGroup>& groups) {
  std::vector<const ParameterLayout*> layouts;
  for (const OptimizedGroup& group : groups)
    if (group.role == ParameterRole::learned) layouts.push_back(&group.parameters.layout());
  return layouts;
}

}  // namespace

// Norm and factor and, in the same block, those for statistics; the numbers and the partial sums of all groups.
MemoryUse OptimizerStep::planned_memory(const std::vector<const ParameterLayout*>& groups, const Optimizer& optimizer) {
  const size_t numbers = number_count(optimizer) * groups.size() * sizeof(float);
  return {.optimizer = kAlignment + aligned(numbers) + aligned(partial_bytes(groups)), .host = numbers};
}

size_t OptimizerStep::sent_bytes(const std::vector<const ParameterLayout*>& groups, const Sharding& sharding) {
  return sharding.shards_optimizer() ? sent_by_all_reduce(partial_bytes(groups), sharding.ranks()) : 0;
}

OptimizerStep::OptimizerStep(Communication& communication, std::vector<OptimizedGroup> groups,
                             const Optimizer& optimizer, const OptimizerStepOptions& options)
    : communication_(communication),
      ops_(communication.device().ops()),
      compute_(communication.compute()),
      optimizer_(require_possible(optimizer, ops_)),
      clip_norm_(static_cast<float>(options.clip_norm)),
      average_rate_(options.ema_decay > 0 ? static_cast<float>(1 - options.ema_decay) : 0),
      memory_(communication.device().allocate(planned_memory(layouts_of(groups), optimizer).optimizer)),
      numbers_on_host_(
          communication.device().allocate(planned_memory(layouts_of(groups), optimizer).host, MemoryKind::host)),
      norm_([this] { sum_squares(); }),
      update_([this] { update(); }) {
  place(std::move(groups));
}

void OptimizerStep::place(std::vector<OptimizedGroup> groups) {
  const auto count = static_cast<int64_t>(number_count(optimizer_));
  int64_t blocks = 0;
  const std::vector<const ParameterLayout*> learned = layouts_of(groups);
  for (const ParameterLayout* layout : learned) blocks += block_count(*layout);
  auto* base = static_cast<std::byte*>(memory_.data());
  norm_and_factor_ = {base, DType::f32, {2}};
  numbers_ = {base + kAlignment, DType::f32, {count * static_cast<int64_t>(learned.size())}};
  partials_ = {base + kAlignment + aligned(numbers_.bytes()), DType::f32, {blocks}};
  int64_t begin = 0, learning = 0;
  for (OptimizedGroup& group : groups) {
    sharded_ |= group.parameters.sharding().shards_optimizer();
    Group& placed = groups_.emplace_back(Group{group, {}, {}});
    if (placed.learns()) {
      const int64_t own = block_count(group.parameters.layout());
      placed.numbers = numbers_.range(learning++ * count, count);
      placed.partials = partials_.range(begin, own);
      placed.weight_decay = static_cast<float>(group.weight_decay.value_or(optimizer_.weight_decay()));
      begin += own;
    } else {
      no_factor_ = {base + norm_and_factor_.bytes(), DType::f32, {2}};
    }
    for (const OwnedRange& range : group.parameters.owned()) placed.updates.push_back(tensors_of(placed, range));
  }
}

void OptimizerStep::step(int64_t t, double lr, bool capture) {
  auto* numbers = static_cast<float*>(numbers_on_host_.data());
  for (const Group& group : groups_)
    if (group.learns()) numbers = std::ranges::copy(optimizer_.numbers(t, lr * group.parts.lr_scale), numbers).out;
  run(norm_, capture);
  if (sharded_) bring_norm_together(t);
  run(update_, capture);
}

void OptimizerStep::divide_by(const Tensor& weight, double nominal_weight) {
  weight_ = weight;
  nominal_weight_ = static_cast<float>(nominal_weight);
}

void OptimizerStep::run(RecurringWork& part, bool capture) {
  if (capture)
    part.run(communication_.device(), compute_);
  else
    part.run_uncaptured();
}

void OptimizerStep::sum_squares() {
  compute_.copy(numbers_.data, numbers_on_host_.data(), numbers_.bytes());
  if (sharded_) compute_.zero(partials_.data, partials_.bytes());
  for (const Group& group : groups_)
    for (const OwnedRange& range : group.parts.parameters.owned()) {
      if (!group.learns()) break;
      const int64_t first = range.begin / kSumSquaresBlock;
      const int64_t blocks = std::min(ceil_div(range.end, kSumSquaresBlock), group.partials.elements()) - first;
      if (blocks <= 0) continue;  // nothing but padding
      const Tensor gradients = group.parts.parameters.owned_gradients(range);
      ops_.run(compute_, SumSquares{group.partials.range(first, blocks),
                                    gradients.range(0, std::min(gradients.elements(), blocks * kSumSquaresBlock))});
    }
}

// Every block's sum is one rank's, and zero on the others: adding them is exact in any order.
void OptimizerStep::bring_norm_together(int64_t t) {
  communication_.follow_compute();
  communication_.communicator().label(t, "gradient norm");
  communication_.communicator().all_reduce(communication_.stream(), partials_);
  communication_.await_all();
}

void OptimizerStep::update() {
  ops_.run(compute_, ClipFactor{norm_and_factor_, partials_, clip_norm_, weight_, nominal_weight_});
  if (no_factor_) ops_.run(compute_, ClipFactor{no_factor_, partials_});
  for (const Group& group : groups_) {
    for (const UpdateTensors& tensors : group.updates) optimizer_of(group).update(ops_, compute_, tensors);
    if (average_rate_ > 0)
      for (const OwnedRange& range : group.parts.parameters.owned()) average(group, range);
  }
}

const Optimizer& OptimizerStep::optimizer_of(const Group& group) const {
  return group.learns() ? optimizer_ : statistics_update();
}

UpdateTensors OptimizerStep::tensors_of(const Group& group, const OwnedRange& range) const {
  const ParameterStorage& parameters = group.parts.parameters;
  UpdateTensors tensors;
  tensors.weights = parameters.owned_weights(range);
  tensors.master = ParameterStorage::owned_state(parameters.master(), range);
  tensors.gradient = parameters.owned_gradients(range);
  for (const std::string& state : optimizer_of(group).states())
    tensors.states.push_back(ParameterStorage::owned_state(parameters.state(state), range));
  tensors.decays =
      parameters.decays().range(range.begin / kParameterBlock, ceil_div(range.elements(), kParameterBlock));
  tensors.norm_and_factor = group.learns() ? norm_and_factor_ : no_factor_;
  tensors.numbers = group.numbers;
  tensors.weight_decay = group.weight_decay;
  return tensors;
}

void OptimizerStep::average(const Group& group, const OwnedRange& range) {
  const ParameterStorage& parameters = group.parts.parameters;
  const Tensor master = ParameterStorage::owned_state(parameters.master(), range);
  ops_.run(compute_, MovingAverage{ParameterStorage::owned_state(parameters.state(kAverageState), range),
                                   master ? master : parameters.owned_weights(range), norm_and_factor_, average_rate_});
}

}  // namespace convoy
