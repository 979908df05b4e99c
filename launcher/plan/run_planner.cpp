#include "launcher/plan/run_planner.h"

#include <fmt/format.h>

#include <algorithm>

#include "comm/gradient_sync.h"
#include "core/base/error.h"
#include "core/train/make_mesh.h"
#include "core/train/run_length.h"
#include "kernels/cpu/cpu_device.h"
#include "launcher/config/validate.h"
#include "launcher/cuda_support.h"
#include "launcher/device_choice.h"
#include "launcher/model_and_data.h"
#include "launcher/model_choice.h"
#include "launcher/open_data.h"

namespace convoy {
namespace {

// Whose run is planned: cuda needs no GPU here, only a build that knows its operators.
DeviceKind device_to_plan_for(DeviceChoice choice, bool for_card) {
  if (choice == DeviceChoice::cpu && for_card)
    throw ConfigError("device = cpu computes on no card: leave --card out, or write device=cuda");
  if (choice == DeviceChoice::automatic && !for_card) return choose_device(choice);
  return choice == DeviceChoice::cpu ? DeviceKind::cpu : DeviceKind::cuda;
}

std::unique_ptr<Ops> planning_ops(DeviceKind device) {
  return device == DeviceKind::cpu ? cpu::make_planning_ops() : make_cuda_planning_ops();
}

}  // namespace

RunPlanner::RunPlanner(Config config, const PlanRequest& request)
    : config_(std::move(config)),
      request_(request),
      device_(device_to_plan_for(config_.device, request.for_card)),
      ops_(planning_ops(device_)) {
  if (data_is_there(config_))
    settle_by_data();
  else
    settle_without_data();
}

void RunPlanner::settle_by_data() {
  const std::unique_ptr<Dataset> data = open_data(config_).data;
  resolve_model_by_data(config_, *data);
  if (config_.model.family->vocabulary() > 0) check_vocabulary(config_, *data);
  check_inputs(make_loss_graph(config_), *data);
  evaluates_ = data->samples(Split::validation) > 0 || data->samples(Split::test) > 0;
  training_samples_ = data->samples(Split::train);
  every_target_counts_ = data->every_target_counts();
}

// Of texts all is known but the vocabulary.
void RunPlanner::settle_without_data() {
  const int64_t context = config_.model.family->context(), vocabulary = config_.model.family->vocabulary();
  if (context == 0)
    throw ConfigError(
        fmt::format("data.path = {}: nothing is there, and this model's sizes depend on the data; import the "
                    "data, or name it in data.path",
                    data_name(config_)));
  if (vocabulary == 0)
    throw ConfigError(
        fmt::format("data.path = {}: nothing is there, and model.vocabulary is left to the data; give "
                    "model.vocabulary=N (GPT-2's tokenizer has 50257), or import the data",
                    data_name(config_)));
  const bool pairs = config_.loss.kind->preference() != nullptr;
  const Shape of_sample = pairs ? Shape{2, context} : Shape{context};
  std::vector<BatchField> fields{{"tokens", DType::i32, of_sample}, {"targets", DType::i32, of_sample}};
  if (config_.model.family->reads_prompts_whole()) fields.push_back({"prefix_ends", DType::i32, of_sample});
  config_.model.family->settle({.name = data_name(config_), .fields = fields, .vocabulary = vocabulary},
                               *config_.loss.kind);
}

PlannedRun RunPlanner::plan(const Config& config, OperatorTally* tally) const {
  const int64_t V = virtual_ranks(config, request_.ranks);
  check_ranks(config, V, request_.ranks);
  RankFacts facts{.ranks = request_.ranks,
                  .mesh = mesh_shape(config.parallel, request_.ranks,
                                     static_cast<int>(config.parallel.node_ranks.value_or(request_.ranks_per_node)),
                                     parameters_of(config)),
                  .virtual_ranks = V,
                  .device = device_,
                  .evaluates = evaluates(config) && evaluates_,
                  .every_target_counts = every_target_counts_};
  const std::unique_ptr<Optimizer> optimizer = config.optimizer.kind.make();
  const GradientSyncMaker sync = gradient_sync_maker();
  ModelOptions options = model_options(config, facts, *optimizer);
  if (tally != nullptr) options.observer = tally->observer();
  ModelPlan model(*ops_, make_loss_graph(config), options);
  RunPlan first = plan_run(config, facts, *optimizer, model, sync);
  RankFacts another = facts;
  another.rank = std::min(1, facts.ranks - 1);
  const size_t others_host = plan_run(config, another, *optimizer, model, sync).memory.host;
  return {facts, std::move(model), std::move(first), others_host};
}

}  // namespace convoy
