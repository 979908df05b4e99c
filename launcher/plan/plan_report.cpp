#include "launcher/plan/plan_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "comm/simulated/step_traffic.h"
#include "core/base/error.h"
#include "kernels/cpu/cpu_memory.h"
#include "launcher/cuda_support.h"
#include "launcher/progress/progress_text.h"

namespace convoy {
namespace {

constexpr size_t kTensors = 10;
constexpr double kFlopsPerSecond = 4e14;  // an H100 in bf16 at 40% of its peak

void add_alternative(std::vector<Alternative>& all, const RunPlanner& planner, std::string change,
                     const std::function<void(Config&)>& apply) {
  Config config = planner.config();
  apply(config);
  try {
    all.push_back({std::move(change), planner.plan(config).plan.memory.on_device()});
  } catch (const ConfigError&) {  // so many ranks cannot run it: it is no alternative
  }
}

std::vector<Alternative> alternatives_of(const RunPlanner& planner, int ranks) {
  const Config& c = planner.config();
  std::vector<Alternative> all;
  for (int64_t stage = 1; stage <= 3 && ranks > 1; ++stage)
    if (stage != c.parallel.stage)
      add_alternative(all, planner, fmt::format("parallel.stage={}", stage),
                      [&](Config& config) { config.parallel.stage = stage; });
  if (c.train.recompute == Recompute::none)
    add_alternative(all, planner, "train.recompute=block",
                    [](Config& config) { config.train.recompute = Recompute::block; });
  if (c.batch.micro % 2 == 0)
    add_alternative(all, planner, fmt::format("batch.micro={}", c.batch.micro / 2),
                    [](Config& config) { config.batch.micro /= 2; });
  return all;
}

// Ranks of a machine share its memory; each GPU is one rank's.
std::optional<Place> place_here(const PlanReport& report, int ranks_here) {
  if (report.facts.device == DeviceKind::cpu) {
    const MemoryUse& first = report.plan.memory;
    const size_t others = static_cast<size_t>(ranks_here - 1) * (first.on_device() + report.others_host);
    return Place{"this machine", ranks_here == 1 ? "" : fmt::format("for {} ranks", ranks_here),
                 first.on_device() + first.host + others, cpu::machine_memory_bytes()};
  }
  const CudaSupport cuda = cuda_support();
  if (cuda.devices == 0) return std::nullopt;
  const CudaMemory memory = cuda_memory(0);
  return Place{"this machine", fmt::format("on {}", memory.name), report.plan.memory.on_device(), memory.bytes};
}

size_t gradient_buckets(const RunPlan& plan) {
  size_t count = 0;
  for (const GradientSyncPlan& sync : plan.gradient_syncs) count += sync.buckets.size();
  return std::max(count, size_t{1});
}

}  // namespace

Place place_on(const Card& card, size_t bytes) {
  constexpr double kGigabyte = 1e9;
  return {std::string(card.name),
          fmt::format("({} GB less {:.2g} for driver and libraries)", card.gigabytes,
                      static_cast<double>(Card::kKeptBack) / kGigabyte),
          bytes, card.usable_bytes()};
}

PlanReport make_plan_report(const RunPlanner& planner, const PlanRequest& request, const Card* card,
                            const RatesFor& rates) {
  OperatorTally tally;
  PlannedRun run = planner.plan(planner.config(), rates ? &tally : nullptr);
  PlanReport report{.config = planner.config(), .facts = run.facts, .plan = run.plan, .others_host = run.others_host};
  report.parameters = run.model.layout().parameter_count();
  report.padding = shard_padding(run.model);
  report.tensors = largest_tensors(run.model, kTensors);
  report.alternatives = alternatives_of(planner, request.ranks);
  report.machine = place_here(report, std::min(request.ranks, request.ranks_per_node));
  if (planner.training_samples() > 0 || report.config.train.epochs == 0)
    report.length.emplace(report.config, planner.training_samples());
  const BatchConfig& batch = report.config.batch;
  const int64_t micro_batches = batch.global / batch.micro / request.ranks;
  report.step.cluster.node_ranks = request.ranks_per_node;
  if (card != nullptr) report.step.cluster.within.bytes_per_s = 1e9 * card->link_gigabytes_per_s;
  if (rates) {
    report.time = step_time(rates(tally), tally, run.model, micro_batches);
    report.step.compute_s = report.time->compute_s();
  } else {
    report.step.flops_per_s = request.flops_per_s.value_or(kFlopsPerSecond);
    report.step.compute_s = (report.plan.flops + report.plan.recompute_flops) / request.ranks / report.step.flops_per_s;
  }
  report.step.parts = simulated::step_traffic(report.step.cluster, run.facts, run.model, run.plan, micro_batches);
  report.step = modelled_step(std::move(report.step), gradient_buckets(report.plan));
  if (report.time) report.time->exposed_s = report.step.exposed_s;
  report.files = planned_files(run.facts, run.model, request.ranks_per_node, report.config.checkpoint.file_bytes);
  report.start = planned_start(report.config, request.ranks, report.step.cluster);
  report.watch =
      planned_watch(request.ranks, request.ranks_per_node, static_cast<double>(report.config.parallel.timeout_s));
  if (card != nullptr) report.card = place_on(*card, report.plan.memory.on_device());
  return report;
}

}  // namespace convoy
