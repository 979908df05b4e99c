#include "core/optimizer/optimizer_step.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <tuple>

#include "core/base/error.h"
#include "core/base/integers.h"
#include "core/base/philox.h"
#include "core/comm/bytes_sent.h"
#include "core/ops/moving_average.h"
#include "core/ops/optimizer_update.h"
#include "core/ops/reductions.h"
#include "core/optimizer/matrix_optimizer.h"
#include "core/optimizer/statistics_update.h"

namespace convoy {

namespace {

constexpr size_t kAlignment = 256;

size_t aligned(size_t bytes) { return round_up(bytes, kAlignment); }

// Those that hold parameters: padding, which depends on the number of ranks, has no part in the norm.
int64_t block_count(const ParameterLayout& layout) { return ceil_div(layout.elements(), kSumSquaresBlock); }

// Floats that change every step, of one group.
size_t number_count(const Optimizer& optimizer) { return optimizer.numbers(1, 0).size(); }

// What treats hidden matrices, or all else.
const Optimizer& part_of(const Optimizer& optimizer, bool matrices) {
  return matrices || optimizer.of_matrices() == nullptr ? optimizer : optimizer.of_matrices()->rest();
}

const Optimizer& require_possible(const Optimizer& optimizer, const Ops& ops) {
  if (const std::string missing = optimizer.missing(ops); !missing.empty())
    throw ConfigError(fmt::format("optimizer.name = {}: device {} has no {}; choose another optimizer or device",
                                  optimizer.name(), ops.device(), missing));
  return optimizer;
}

size_t partial_bytes(const std::vector<OptimizedLayout>& groups) {
  size_t blocks = 0;
  for (const OptimizedLayout& group : groups) blocks += static_cast<size_t>(block_count(group.layout));
  return blocks * sizeof(float);
}

constexpr int64_t kKeyWords = std::tuple_size_v<PhiloxKey>;

// In front of all of them the key by which states are rounded.
size_t number_bytes(const std::vector<OptimizedLayout>& groups, const Optimizer& optimizer, DType state_dtype) {
  size_t numbers = state_dtype == DType::f32 ? 0 : kKeyWords;
  for (const OptimizedLayout& group : groups) numbers += number_count(part_of(optimizer, group.matrices));
  return numbers * sizeof(float);
}

// That of step t.
PhiloxKey rounding_key(uint64_t seed, int64_t t) {
  const auto step = static_cast<uint64_t>(t);
  const PhiloxCounter words =
      philox(philox_key(seed), {static_cast<uint32_t>(step), random_stream(RandomSite::state_rounding, 0),
                                static_cast<uint32_t>(step >> 32), 0});
  return {words[0], words[1]};
}

MatrixUpdate::Memory matrix_memory(const std::vector<OptimizedLayout>& groups, const Optimizer& optimizer,
                                   const Ops& ops) {
  MatrixUpdate::Memory memory;
  for (const OptimizedLayout& group : groups)
    if (group.matrices)
      memory |= MatrixUpdate::planned_memory(group.layout, group.sharding, *optimizer.of_matrices(), ops);
  return memory;
}

std::vector<OptimizedLayout> layouts_of(const std::vector<OptimizedGroup>& groups) {
  std::vector<OptimizedLayout> layouts;
  for (const OptimizedGroup& group : groups)
    if (group.role == ParameterRole::learned)
      layouts.push_back({group.parameters.layout(), group.parameters.sharding(), group.matrices});
  return layouts;
}

}  // namespace

// Norm and factor and, in the same block, those for statistics; the numbers and the partial sums of all groups; what
// updates of matrices want.
MemoryUse OptimizerStep::planned_memory(const std::vector<OptimizedLayout>& groups, const Optimizer& optimizer,
                                        const Ops& ops, DType state_dtype) {
  const size_t numbers = number_bytes(groups, optimizer, state_dtype);
  return {.optimizer = kAlignment + aligned(numbers) + aligned(partial_bytes(groups)) +
                       matrix_memory(groups, optimizer, ops).all(),
          .host = numbers};
}

size_t OptimizerStep::sent_bytes(const std::vector<OptimizedLayout>& groups) {
  const Sharding& sharding = groups.front().sharding;
  if (!sharding.shards_optimizer()) return 0;
  size_t bytes = sent_by_all_reduce(partial_bytes(groups), sharding.ranks());
  for (const OptimizedLayout& group : groups)
    if (group.matrices) bytes += MatrixUpdate::sent_bytes(group.sharding);
  return bytes;
}

OptimizerStep::OptimizerStep(Communication& communication, std::vector<OptimizedGroup> groups,
                             const Optimizer& optimizer, const OptimizerStepOptions& options)
    : communication_(communication),
      ops_(communication.device().ops()),
      compute_(communication.compute()),
      optimizer_(require_possible(optimizer, ops_)),
      clip_norm_(static_cast<float>(options.clip_norm)),
      average_rate_(options.ema_decay > 0 ? static_cast<float>(1 - options.ema_decay) : 0),
      state_dtype_(options.state_dtype),
      memory_(
          communication.device().allocate(planned_memory(layouts_of(groups), optimizer, ops_, state_dtype_).optimizer)),
      numbers_on_host_(communication.device().allocate(
          planned_memory(layouts_of(groups), optimizer, ops_, state_dtype_).host, MemoryKind::host)),
      norm_([this] { sum_squares(); }),
      update_([this] { update(); }),
      matrix_average_([this] { average(true); }) {
  place(std::move(groups));
}

void OptimizerStep::place(std::vector<OptimizedGroup> groups) {
  const std::vector<OptimizedLayout> learned = layouts_of(groups);
  auto* base = static_cast<std::byte*>(memory_.data());
  const auto floats = [&](size_t bytes) {
    Tensor tensor{base, DType::f32, {static_cast<int64_t>(bytes / sizeof(float))}};
    base += aligned(bytes);
    return tensor;
  };
  norm_and_factor_ = floats(2 * sizeof(float));
  numbers_ = floats(number_bytes(learned, optimizer_, state_dtype_));
  partials_ = floats(partial_bytes(learned));
  int64_t block = 0, number = 0;
  if (state_dtype_ != DType::f32) {
    rounding_key_ = {numbers_.data, DType::i32, {kKeyWords}};
    number = kKeyWords;
  }
  for (const OptimizedGroup& group : groups) {
    sharded_ |= group.parameters.sharding().shards_optimizer();
    if (group.role == ParameterRole::statistic) {
      no_factor_ = {norm_and_factor_.as<float>() + 2, DType::f32, {2}};
      add_group(group, {}, {});
      continue;
    }
    const int64_t blocks = block_count(group.parameters.layout());
    const auto numbers = static_cast<int64_t>(number_count(optimizer_of(group)));
    add_group(group, numbers_.range(number, numbers), partials_.range(block, blocks));
    block += blocks, number += numbers;
  }
  const MatrixUpdate::Memory sizes = matrix_memory(learned, optimizer_, ops_);
  add_matrix_updates(sizes, {base, DType::u8, {static_cast<int64_t>(sizes.all())}});
}

void OptimizerStep::add_group(const OptimizedGroup& group, const Tensor& numbers, const Tensor& partials) {
  const auto stream = random_stream(RandomSite::state_rounding, static_cast<uint32_t>(groups_.size()) + 1);
  Group& placed = groups_.emplace_back(Group{group, numbers, partials});
  placed.stream = stream;
  placed.weight_decay = static_cast<float>(group.weight_decay.value_or(optimizer_of(group).weight_decay()));
  for (const OwnedRange& range : group.parameters.owned()) placed.updates.push_back(tensors_of(placed, range));
}

void OptimizerStep::add_matrix_updates(const MatrixUpdate::Memory& sizes, const Tensor& memory) {
  for (Group& group : groups_) {
    if (!group.parts.matrices) continue;
    const ParameterStorage& parameters = group.parts.parameters;
    std::vector<MatrixUpdate::Owned> owned;
    for (size_t i = 0; i < group.updates.size(); ++i) owned.push_back({parameters.owned()[i], group.updates[i]});
    group.matrix_update = std::make_unique<MatrixUpdate>(communication_, parameters.layout(), parameters.sharding(),
                                                         *optimizer_.of_matrices(), std::move(owned), sizes, memory);
  }
}

void OptimizerStep::step(int64_t t, double lr, bool capture) {
  auto* numbers = static_cast<float*>(numbers_on_host_.data());
  if (rounding_key_) {
    const PhiloxKey key = rounding_key(seed_, t);
    std::memcpy(numbers, key.data(), sizeof(key));
    numbers += kKeyWords;
  }
  for (const Group& group : groups_) {
    if (!group.learns()) continue;
    const Optimizer& optimizer = optimizer_of(group.parts);
    const double of_schedule = lr * (optimizer.learning_rate() / optimizer_.learning_rate());
    numbers = std::ranges::copy(optimizer.numbers(t, of_schedule * group.parts.lr_scale), numbers).out;
  }
  run(norm_, capture);
  if (sharded_) bring_norm_together(t);
  run(update_, capture);
  bool matrices = false;
  for (const Group& group : groups_) {
    if (!group.matrix_update) continue;
    group.matrix_update->run(t, capture);
    matrices = true;
  }
  if (matrices && average_rate_ > 0) run(matrix_average_, capture);
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
  for (const Group& group : groups_)
    if (!group.parts.matrices)
      for (const UpdateTensors& tensors : group.updates) optimizer_of(group.parts).update(ops_, compute_, tensors);
  if (average_rate_ > 0) average(false);
}

void OptimizerStep::average(bool matrices) {
  for (const Group& group : groups_)
    if (group.parts.matrices == matrices)
      for (const OwnedRange& range : group.parts.parameters.owned()) average(group, range);
}

const Optimizer& OptimizerStep::optimizer_of(const OptimizedGroup& group) const {
  return group.role == ParameterRole::learned ? part_of(optimizer_, group.matrices) : statistics_update();
}

UpdateTensors OptimizerStep::tensors_of(const Group& group, const OwnedRange& range) const {
  const ParameterStorage& parameters = group.parts.parameters;
  UpdateTensors tensors;
  tensors.weights = parameters.owned_weights(range);
  tensors.master = ParameterStorage::owned_state(parameters.master(), range);
  tensors.gradient = parameters.owned_gradients(range);
  for (const std::string& state : optimizer_of(group.parts).states())
    tensors.states.push_back(ParameterStorage::owned_state(parameters.state(state), range));
  tensors.decays =
      parameters.decays().range(range.begin / kParameterBlock, ceil_div(range.elements(), kParameterBlock));
  tensors.norm_and_factor = group.learns() ? norm_and_factor_ : no_factor_;
  tensors.numbers = group.numbers;
  tensors.weight_decay = group.weight_decay;
  tensors.rounding = {rounding_key_, group.stream, range.begin};
  return tensors;
}

void OptimizerStep::average(const Group& group, const OwnedRange& range) {
  const ParameterStorage& parameters = group.parts.parameters;
  const Tensor master = ParameterStorage::owned_state(parameters.master(), range);
  ops_.run(compute_, MovingAverage{ParameterStorage::owned_state(parameters.state(kAverageState), range),
                                   master ? master : parameters.owned_weights(range), norm_and_factor_, average_rate_});
}

}  // namespace convoy
