#include "core/train/run_plan.h"

#include <algorithm>

#include "core/checkpoint/staging.h"
#include "core/comm/bytes_sent.h"
#include "core/config/precision.h"
#include "core/data/prefetcher.h"
#include "core/optimizer/matrix_optimizer.h"
#include "core/optimizer/optimizer_step.h"
#include "core/parameters/state_names.h"
#include "core/train/debug_checks.h"
#include "core/train/evaluator.h"
#include "core/train/gradient_buckets.h"
#include "core/train/sentinel.h"
#include "core/train/snapshot.h"
#include "core/train/train_step.h"
#include "core/train/updated_weights.h"

namespace convoy {
namespace {

SampleSchedule schedule_of(const Config& config, const RankFacts& facts) {
  return {.global_batch = config.batch.global,
          .micro_batch = config.batch.micro,
          .virtual_ranks = facts.virtual_ranks,
          .ranks = facts.ranks,
          .rank = facts.rank};
}

// A micro-batch as the source gives it: the graph's inputs.
std::vector<Tensor> fields_of(const ModelPlan& model) {
  std::vector<Tensor> fields;
  for (const TensorRef& input : model.training().graph_inputs) fields.push_back(input.spec.unbound());
  return fields;
}

// Rounded statistics would be wrong ones, not merely noisy.
DType wire_of(const Config& config, const GroupPlan& group) {
  const bool rounds = config.parallel.gradient_dtype == GradientDType::bf16 && group.learns();
  return rounds ? DType::bf16 : DType::f32;
}

GradientSyncPlan plan_gradient_sync(const Config& config, const RankFacts& facts, const GroupPlan& group,
                                    const std::vector<TensorRef>& own_buckets) {
  const Sharding& sharding = *group.sharding;
  std::vector<Tensor> own;
  for (const TensorRef& bucket : own_buckets) own.push_back(bucket.spec.unbound());
  Tensor gradients, shards;
  if (!sharding.shards_gradients()) gradients = {nullptr, DType::f32, {group.layout.padded_elements()}};
  if (sharding.cuts_between_groups()) shards = {nullptr, DType::f32, {sharding.compact_elements()}};
  return {.group = in_group(group.terms.name),
          .gradients = gradients,
          .buckets = gradient_buckets(sharding, gradients, shards, own),
          .ranks = facts.mesh.shard,
          .groups = facts.mesh.replicate,
          .virtual_ranks = facts.virtual_ranks,
          .reproducible = config.parallel.reproducible,
          .wire = wire_of(config, group)};
}

std::vector<UpdatedWeights::Gathered> gathered_of(const ModelPlan& model) {
  std::vector<UpdatedWeights::Gathered> gathered;
  for (const GroupPlan& group : model.groups()) gathered.push_back({*group.sharding, group.dtype});
  return gathered;
}

std::vector<OptimizedLayout> learned_layouts(const ModelPlan& model) {
  std::vector<OptimizedLayout> layouts;
  for (const GroupPlan& group : model.groups())
    if (group.learns()) layouts.push_back({group.layout, *group.sharding, group.terms.matrices});
  return layouts;
}

int64_t largest_bucket(const ModelPlan& model) {
  int64_t most = 0;
  for (const GroupPlan& group : model.groups())
    for (const Bucket& bucket : group.sharding->buckets()) most = std::max(most, bucket.elements());
  return most;
}

void plan_gradient_syncs(const Config& config, const RankFacts& facts, const ModelPlan& model,
                         const GradientSyncMaker& gradient_sync, RunPlan& plan) {
  for (size_t g = 0; g < model.groups().size(); ++g) {
    plan.gradient_syncs.push_back(
        plan_gradient_sync(config, facts, model.groups()[g], model.training().gradient_buckets[g]));
    const GradientSyncCost cost = gradient_sync.cost(plan.gradient_syncs.back());
    plan.memory.communication += cost.memory_bytes;
    plan.sent_bytes += cost.sent_bytes;
  }
}

// How much of a node's weights is trained; of products, whose operations go with their weights' elements.
double trained_share(const ModelPlan& model, int node) {
  double all = 0, trained = 0;
  const std::vector<ParameterSpec>& parameters = model.graph().nodes()[static_cast<size_t>(node)].plan.parameters;
  for (size_t p = 0; p < parameters.size(); ++p) {
    if (parameters[p].shape.dims() < 2) continue;
    const auto elements = static_cast<double>(parameters[p].shape.elements());
    const bool is_trained = std::ranges::any_of(model.groups(), [&](const GroupPlan& group) {
      return group.layout.of_node(node)[p] != ParameterLayout::kElsewhere;
    });
    all += elements;
    if (is_trained) trained += elements;
  }
  return all > 0 ? trained / all : 0;
}

bool has_weights(const Node& node) {
  return std::ranges::any_of(node.plan.parameters, [](const ParameterSpec& p) { return p.shape.dims() >= 2; });
}

// In multiples of its forward: one for the gradient of its input and one for that of its weights, each where somebody
// wants it; two for what multiplies two inputs, such as attention. A loss has its forward in its backward.
double backward_share(const ModelPlan& model, const Action& action) {
  const Node& node = model.graph().nodes()[static_cast<size_t>(action.node)];
  const bool wants_input =
      std::ranges::any_of(action.input_gradients, [](const TensorRef& r) { return r.buffer >= 0; });
  const double forward = node.plan.is_loss ? 1 : 0;
  if (!has_weights(node)) return forward + (wants_input ? 2 : 0);
  return forward + (wants_input ? 1 : 0) + trained_share(model, action.node);
}

// What is done: a frozen weight has no gradient, and nobody wants that of the data.
void plan_flops(const Config& config, const ModelPlan& model, RunPlan& plan) {
  const auto passes = static_cast<double>(config.batch.global / config.batch.micro);
  for (const Action& action : model.training().actions) {
    if (action.node < 0) continue;
    const double forward = passes * model.graph().nodes()[static_cast<size_t>(action.node)].plan.forward_flops;
    if (action.kind == ActionKind::forward) plan.flops += forward;
    if (action.kind == ActionKind::backward) plan.flops += backward_share(model, action) * forward;
    if (action.kind == ActionKind::recompute) plan.recompute_flops += forward;
  }
}

size_t sent_by_gathers(const Plan& training, int ranks) {
  size_t bytes = 0;
  for (const Action& action : training.actions)
    if (action.kind == ActionKind::gather_weights)
      bytes += sent_by_all_gather(action.bucket_memory.spec.unbound().bytes(), ranks);
  return bytes;
}

void plan_checkpoints(const Config& config, const RankFacts& facts, const ModelPlan& model, RunPlan& plan) {
  const SnapshotRank rank{facts.rank, facts.ranks, config.checkpoint.file_bytes};
  plan.snapshot_bytes = Snapshot::planned_bytes(model, facts.device, rank);
  plan.staging_bytes = Staging::planned_bytes(Snapshot::planned_contents(model, rank));
  plan.memory.host += plan.snapshot_bytes + plan.staging_bytes;
}

}  // namespace

EvaluationWishes evaluation_wishes(const Config& config) {
  constexpr int64_t kWorst = 16;
  return {.metrics = named_metrics(config.evaluate.metrics), .worst = kWorst};
}

ModelOptions model_options(const Config& config, const RankFacts& facts, const Optimizer& optimizer) {
  const auto states = [&](const Optimizer& part) {
    std::vector<std::string> names = part.states();
    if (config.train.ema_decay > 0) names.emplace_back(kAverageState);
    return names;
  };
  const MatrixOptimizer* of_matrices = optimizer.of_matrices();
  return {.dtype = compute_dtype(config.precision),
          .recompute_blocks = config.train.recompute == Recompute::block,
          .guard_bytes = facts.debug ? kDebugGuardBytes : 0,
          .sharding = {.stage = config.parallel.stage,
                       .rank = facts.mesh.shard.place_of(facts.rank % facts.mesh.shard.ranks()),
                       .ranks = facts.mesh.shard.ranks(),
                       .bucket_bytes = config.parallel.bucket_bytes,
                       .accumulates = config.batch.global > config.batch.micro * int64_t{facts.ranks}},
          .groups = config.optimizer.groups,
          .states = states(of_matrices == nullptr ? optimizer : of_matrices->rest()),
          .matrix_states = of_matrices == nullptr ? std::nullopt : std::optional(states(*of_matrices)),
          .layer_decay = config.optimizer.layer_decay,
          .state_dtype = config.optimizer.state == StateDType::bf16 ? DType::bf16 : DType::f32};
}

RunPlan plan_run(const Config& config, const RankFacts& facts, const Optimizer& optimizer, const ModelPlan& model,
                 const GradientSyncMaker& gradient_sync) {
  const SampleSchedule schedule = schedule_of(config, facts);
  const std::vector<Tensor> fields = fields_of(model);
  RunPlan plan{.memory = model.memory()};
  plan_gradient_syncs(config, facts, model, gradient_sync, plan);
  plan.memory +=
      OptimizerStep::planned_memory(learned_layouts(model), optimizer, model.ops(), model.options().state_dtype);
  plan.memory += UpdatedWeights::planned_memory(gathered_of(model));
  plan.memory += TrainStep::planned_memory(schedule.virtual_ranks_here(), schedule.virtual_ranks);
  plan.memory.host += Prefetcher::planned_bytes(fields, schedule, config.data.prefetch);
  if (facts.evaluates) plan.memory += Evaluator::planned_memory(fields, evaluation_wishes(config), model.graph());
  if (facts.debug) plan.memory += DebugChecks::planned_memory();
  if (config.parallel.sentinel_every > 0) plan.memory.host += Sentinel::planned_bytes(largest_bucket(model), fields);
  if (facts.saves) plan_checkpoints(config, facts, model, plan);

  plan_flops(config, model, plan);
  plan.sent_bytes +=
      OptimizerStep::sent_bytes(learned_layouts(model)) + UpdatedWeights::sent_bytes(gathered_of(model)) +
      static_cast<size_t>(schedule.passes_per_step()) * sent_by_gathers(model.training(), facts.mesh.shard.ranks());
  if (!facts.every_target_counts || model.graph().weighs_rows())
    plan.sent_bytes += sent_by_all_gather(static_cast<size_t>(schedule.virtual_ranks) * sizeof(float), facts.ranks);
  return plan;
}

}  // namespace convoy
