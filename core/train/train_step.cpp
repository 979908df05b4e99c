#include "core/train/train_step.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "core/base/error.h"
#include "core/base/integers.h"
#include "core/base/tree_sum.h"
#include "core/data/host_fields.h"
#include "core/ops/ops.h"
#include "core/ops/reductions.h"

namespace convoy {

namespace {
constexpr size_t kLossAlignment = 256;
}  // namespace

// The number of the first sample and the weight of all targets, then a loss and a weight of each leaf, then the weights
// of all ranks' leaves; on the host those of this rank and behind them the norm and its factor.
MemoryUse TrainStep::planned_memory(int64_t virtual_ranks_here, int64_t virtual_ranks) {
  const size_t leaves = static_cast<size_t>(2 * virtual_ranks_here) * sizeof(float);
  return {.workspace =
              kLossAlignment + round_up(leaves, kLossAlignment) + static_cast<size_t>(virtual_ranks) * sizeof(float),
          .host = leaves + 2 * sizeof(float)};
}

TrainStep::TrainStep(const Parts& parts)
    : p_(parts),
      device_(p_.communication.device()),
      communicator_(p_.mesh.data()),
      compute_(p_.communication.compute()) {
  const int64_t leaves = p_.schedule.virtual_ranks_here();
  const int64_t all_leaves = p_.schedule.virtual_ranks;
  memory_ = device_.allocate(planned_memory(leaves, all_leaves).workspace);
  first_sample_ = {memory_.data(), DType::i64, {1}};
  auto* base = static_cast<std::byte*>(memory_.data());
  weight_ = {base + sizeof(int64_t), DType::f32, {1}};
  losses_ = {base + kLossAlignment, DType::f32, {leaves}};
  weights_ = {base + kLossAlignment + losses_.bytes(), DType::f32, {leaves}};
  all_weights_ = {base + kLossAlignment + round_up(2 * losses_.bytes(), kLossAlignment), DType::f32, {all_leaves}};
  results_on_host_ = device_.allocate(planned_memory(leaves, all_leaves).host, MemoryKind::host);
  const int64_t losses_per_pass = p_.model.training().result().elements();
  const int64_t passes = p_.schedule.global_batch / p_.schedule.micro_batch;
  nominal_weight_ = static_cast<double>(losses_per_pass * passes);
  loss_scale_ = static_cast<float>(1.0 / nominal_weight_);
  counts_alike_ = p_.source.every_target_counts() && !p_.model.graph().weighs_rows();
  if (!counts_alike_) p_.optimizer.divide_by(weight_, nominal_weight_);
  for (const BatchField& field : p_.source.fields()) inputs_.push_back(p_.model.training().input(field.name));
  pass_ = std::make_unique<Pass>(Pass{.ops = device_.ops(), .stream = compute_, .training = true, .seed = p_.seed});
  pass_->first_sample = first_sample_;
  pass_->sequences_per_sample = p_.model.graph().sequences_per_sample();
  pass_->loss_scale = loss_scale_;
  pass_->micro_batch_share = static_cast<float>(1.0 / static_cast<double>(passes));
  if (p_.capture && p_.debug == nullptr)
    captured_ = std::make_unique<CapturedProgram>(device_, p_.model.training(), *pass_, cuts());
  if (p_.sentinel_every > 0) make_sentinel();
}

std::vector<std::vector<int64_t>> TrainStep::cuts() const {
  std::vector<std::vector<int64_t>> cuts;
  for (const GradientSync* sync : p_.syncs) cuts.push_back(sync->cuts());
  return cuts;
}

std::vector<Tensor> TrainStep::flat_gradients() const {
  std::vector<Tensor> gradients;
  for (const auto& group : p_.model.groups()) gradients.push_back(group->gradients());
  return gradients;
}

void TrainStep::make_sentinel() {
  sentinel_ = std::make_unique<Sentinel>(Sentinel::Parts{
      .communication = p_.communication,
      .ranks = p_.mesh.data(),
      .training = p_.model.training(),
      .source = p_.source,
      .schedule = p_.schedule,
      .buckets = p_.buckets,
      .flat_gradients = flat_gradients(),
      .pass = *pass_,
      .inputs = inputs_,
      .every_steps = p_.sentinel_every,
      .who = p_.who,
  });
}

StepResult TrainStep::run(int64_t step, double lr, const StopRequest& mine, bool another) {
  p_.gatherer.begin_step(step);
  debug_ = step >= p_.debug_from_step ? p_.debug : nullptr;
  const bool watched = sentinel_ != nullptr && sentinel_->due(step);
  if (watched) sentinel_->check_neighbour(step);
  hash_ = watched ? &sentinel_->own() : nullptr;
  for (int64_t index = 0; index < p_.schedule.virtual_ranks_here(); ++index) run_virtual_rank(step, index);
  for (GradientSync* sync : p_.syncs) sync->finish();
  if (watched) sentinel_->judge(step);
  if (!counts_alike_) add_weights(step);
  p_.optimizer.step(step, lr, captured_ != nullptr);
  p_.weights.run(step);
  wait_for_results();
  p_.data.release();
  return exchange_results(mine, !another || p_.data.wait_for_step());
}

// What the targets of the global batch weigh: each virtual rank's, added in their order.
void TrainStep::add_weights(int64_t step) {
  p_.communication.follow_compute();
  communicator_.label(step, "weights of targets");
  communicator_.all_gather(p_.communication.stream(), all_weights_, weights_);
  p_.communication.await_all();
  device_.ops().run(compute_, Sum{weight_, all_weights_});
}

void TrainStep::go_on(const SampleSchedule& schedule) {
  p_.schedule = schedule;
  if (sentinel_ != nullptr) sentinel_->go_on(schedule);
}

void TrainStep::run_virtual_rank(int64_t step, int64_t index) {
  ready_from_.clear();
  for (size_t g = 0; g < p_.syncs.size(); ++g) {
    p_.syncs[g]->begin(step);
    ready_from_.push_back(p_.model.groups()[g]->layout().padded_elements());
  }
  const int64_t passes = p_.schedule.passes_per_virtual_rank();
  if (debug_ != nullptr) debug_->print_next_pass(index == 0 && (step - 1) % p_.debug_print_every == 0);
  for (int64_t pass = 0; pass < passes; ++pass) run_pass(pass, pass == passes - 1, index);
  for (GradientSync* sync : p_.syncs) sync->end();
}

void TrainStep::run_pass(int64_t pass, bool last, int64_t index) {
  load(p_.data.next());
  if (!captured_)
    run_uncaptured(last);
  else if (last)
    captured_->run([this](const std::vector<int64_t>& final_from) { ready(final_from); });
  else
    captured_->run();
  if (hash_ != nullptr) hash_->add(std::vector<int64_t>(p_.syncs.size(), 0));
  hash_ = nullptr;
  const Program& training = p_.model.training();
  device_.ops().run(compute_, Sum{losses_.range(index, 1), training.result(), loss_scale_, pass > 0});
  device_.ops().run(compute_, Sum{weights_.range(index, 1), training.loss_weights(), 1, pass > 0});
}

void TrainStep::run_uncaptured(bool last) {
  if (debug_ != nullptr) debug_->begin();
  p_.model.training().run(*pass_, [&](const BoundAction& action) {
    if (debug_ != nullptr) debug_->after(action);
    if (last) ready(action.final_from);
  });
}

void TrainStep::ready(const std::vector<int64_t>& final_from) {
  if (std::ranges::equal(final_from, ready_from_, std::greater_equal<>())) return;
  if (hash_ != nullptr) hash_->add(final_from);
  for (size_t g = 0; g < final_from.size(); ++g) {
    if (final_from[g] >= ready_from_[g]) continue;
    p_.syncs[g]->ready(final_from[g], ready_from_[g]);
    ready_from_[g] = final_from[g];
  }
}

void TrainStep::load(const HostBatch& batch) {
  copy_fields(compute_, inputs_, batch.fields);
  compute_.copy(first_sample_.data, batch.first_sample.data, first_sample_.bytes());
}

void TrainStep::wait_for_results() {
  auto* host = static_cast<float*>(results_on_host_.data());
  const auto leaves = static_cast<size_t>(losses_.elements());
  compute_.copy(host, losses_.data, losses_.bytes());
  compute_.copy(host + leaves, weights_.data, weights_.bytes());
  compute_.copy(host + 2 * leaves, p_.optimizer.norm_and_factor().data, 2 * sizeof(float));
  compute_.synchronize();
}

// The losses and weights of all virtual ranks by the fixed tree, of which a rank's are a subtree, and who asks for
// what.
StepResult TrainStep::exchange_results(const StopRequest& request, bool can_go_on) {
  const auto* host = static_cast<const float*>(results_on_host_.data());
  const auto leaves = static_cast<size_t>(losses_.elements());
  const std::vector<double> losses(host, host + leaves), weights(host + leaves, host + 2 * leaves);
  std::array<double, 5> sums{tree_sum(losses), tree_sum(weights), request.save ? 1.0 : 0.0, request.stop ? 1.0 : 0.0,
                             can_go_on ? 0.0 : 1.0};
  p_.mesh.shard().tree_sum_host(sums);
  if (p_.mesh.replicate() != nullptr) p_.mesh.replicate()->tree_sum_host(sums);

  const auto [loss, weight, save, stop, out_of_data] = sums;
  check_weight(weight);
  StepResult result;
  result.grad_norm = static_cast<double>(host[2 * leaves]);
  result.skipped = !std::isfinite(result.grad_norm);
  result.request = {.save = save > 0, .stop = stop > 0};
  result.out_of_data = out_of_data > 0;
  result.loss = loss * (nominal_weight_ / weight);
  return result;
}

void TrainStep::check_weight(double weight) const {
  if (counts_alike_ && weight != nominal_weight_)
    throw InternalError(fmt::format("{} of {} targets count, and the data says that all do", weight, nominal_weight_));
}

}  // namespace convoy
