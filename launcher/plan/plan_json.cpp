#include <nlohmann/json.hpp>

#include "core/base/json_text.h"
#include "core/config/precision.h"
#include "launcher/plan/plan_report.h"

namespace convoy {
namespace {

using Json = nlohmann::ordered_json;

Json kinds_of(const MemoryUse& m) {
  return {{"weights", m.weights},
          {"gradients", m.gradients},
          {"optimizer", m.optimizer},
          {"activations", m.activations},
          {"communication", m.communication},
          {"workspace", m.workspace},
          {"host", m.host}};
}

Json place_of(const std::optional<Place>& place) {
  if (!place) return nullptr;
  return {{"name", place->name}, {"wanted_bytes", place->wanted}, {"bytes", place->bytes}, {"fits", place->fits()}};
}

Json traffic_of(const simulated::Traffic& traffic) {
  return {{"calls", traffic.calls},
          {"messages", traffic.messages},
          {"off_node_messages", traffic.off_node_messages},
          {"bytes", traffic.bytes},
          {"off_node_bytes", traffic.off_node_bytes},
          {"hops", traffic.hops},
          {"modelled_ms", 1e3 * traffic.seconds}};
}

Json start_of(const std::optional<PlannedStart>& start) {
  if (!start) return nullptr;
  return {{"manifest_bytes", start->manifest_bytes},
          {"index_bytes", start->index_bytes},
          {"traffic", traffic_of(start->traffic)},
          {"marks_bytes", start->marks_bytes}};
}

Json watch_of(const std::optional<PlannedWatch>& watch) {
  if (!watch) return nullptr;
  return {{"machines", watch->machines},
          {"write_every_s", watch->write_every_s},
          {"summary_bytes", watch->summary_bytes},
          {"opens", watch->opens},
          {"patience_s", watch->patience_s}};
}

Json rates_of(const CardRates& rates) {
  return {{"name", rates.name},
          {"measured", rates.measured},
          {"bf16_flops_per_s", rates.bf16_flops},
          {"f32_flops_per_s", rates.f32_flops},
          {"mma_flops_per_s", rates.measured ? Json(nullptr) : Json(rates.mma_flops)},
          {"scores_forward_per_s", rates.scores_forward},
          {"scores_backward_per_s", rates.scores_backward},
          {"bytes_per_s", rates.bytes_per_s},
          {"kernel_us", 1e6 * rates.kernel_s}};
}

Json time_of(const PlanReport& r) {
  const StepTime& t = *r.time;
  const double peak = t.rates.peak_flops(compute_dtype(r.config.precision));
  return {{"products_ms", 1e3 * t.products_s},
          {"attention_ms", 1e3 * t.attention_s},
          {"streaming_ms", 1e3 * t.streaming_s},
          {"optimizer_ms", 1e3 * t.optimizer_s},
          {"exposed_ms", 1e3 * t.exposed_s},
          {"step_ms", 1e3 * t.step_s()},
          {"samples_per_s", static_cast<double>(r.config.batch.global) / t.step_s()},
          {"mfu", peak > 0 ? Json(r.plan.flops / r.facts.ranks / t.step_s() / peak) : Json(nullptr)},
          {"kernels", t.kernels},
          {"products_flops", t.products_flops},
          {"attention_flops", t.attention_flops},
          {"streamed_bytes", t.streamed_bytes},
          {"not_counted", t.unknown},
          {"rates", rates_of(t.rates)}};
}

}  // namespace

std::string plan_json(const PlanReport& r) {
  const size_t now = r.plan.memory.on_device();
  Json json = {{"ranks", r.facts.ranks},
               {"bytes", now},
               {"kinds", kinds_of(r.plan.memory)},
               {"host_bytes_of_others", r.others_host},
               {"device", r.facts.device == DeviceKind::cpu ? "cpu" : "cuda"},
               {"precision", to_name(r.config.precision)},
               {"stage", r.config.parallel.stage},
               {"shard_ranks", r.facts.mesh.shard.ranks()},
               {"virtual_ranks", r.facts.virtual_ranks},
               {"parameters", r.parameters},
               {"flops", r.plan.flops},
               {"recompute_flops", r.plan.recompute_flops},
               {"sent_bytes", r.plan.sent_bytes},
               {"padding", r.padding}};
  if (r.length) json["steps"] = r.length->steps();
  if (r.length && r.length->by_epochs()) json["epochs"] = r.length->epochs();
  json["tensors"] = Json::array();
  for (const PlannedTensor& t : r.tensors)
    json["tensors"].push_back({{"name", t.name}, {"kind", t.kind}, {"bytes", t.bytes}, {"count", t.count}});
  json["alternatives"] = Json::array();
  for (const Alternative& other : r.alternatives)
    json["alternatives"].push_back({{"change", other.change},
                                    {"bytes", other.bytes},
                                    {"saved_bytes", static_cast<int64_t>(now) - static_cast<int64_t>(other.bytes)}});
  json["traffic"] = Json::array();
  for (const auto& [name, traffic] : r.step.parts) {
    json["traffic"].push_back({{"name", name}});
    json["traffic"].back().update(traffic_of(traffic));
  }
  json["modelled"] = {{"node_ranks", r.step.cluster.node_ranks},
                      {"within_bytes_per_s", r.step.cluster.within.bytes_per_s},
                      {"within_latency_us", 1e6 * r.step.cluster.within.latency_s},
                      {"between_bytes_per_s", r.step.cluster.between.bytes_per_s},
                      {"between_latency_us", 1e6 * r.step.cluster.between.latency_s},
                      {"flops_per_s", r.step.flops_per_s},
                      {"compute_ms", 1e3 * r.step.compute_s},
                      {"exposed_ms", 1e3 * r.step.exposed_s}};
  json["time"] = r.time ? time_of(r) : Json(nullptr);
  json["files"] = {{"checkpoint_bytes", r.files.checkpoint_bytes},
                   {"weight_files", r.files.weight_files},
                   {"optimizer_files", r.files.optimizer_files},
                   {"first_written_bytes", r.files.first_written_bytes},
                   {"written_bytes", r.files.written_bytes},
                   {"read_bytes", r.files.read_bytes},
                   {"operations", r.files.operations},
                   {"resume_opens", r.files.resume_opens}};
  json["start"] = start_of(r.start);
  json["hang_watch"] = watch_of(r.watch);
  json["machine"] = place_of(r.machine);
  json["card"] = place_of(r.card);
  return json_text(json) + "\n";
}

}  // namespace convoy
