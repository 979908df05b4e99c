#include "core/checkpoint/manifest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "core/base/checksum.h"
#include "core/base/json_text.h"

namespace convoy {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kFormat = "convoy checkpoint";

Json to_json(const GuardState& guard) {
  return {{"losses", guard.losses},
          {"skipped_in_a_row", guard.skipped_in_a_row},
          {"skipped_steps", guard.skipped_steps},
          {"rollbacks", guard.rollbacks}};
}

Json to_json(const Evaluation& evaluation) {
  Json json = {{"step", evaluation.step}, {"eval_loss", evaluation.loss}};
  if (evaluation.score) json["score"] = *evaluation.score;
  return json;
}

Json to_json(const BestEvaluation& best) {
  return {{"watch", best.watch},
          {"step", best.step},
          {"value", best.value},
          {"since", best.since},
          {"evaluated_step", best.evaluated_step}};
}

Json to_json(const TrainingPosition& position) {
  Json json = {{"step", position.step},     {"samples", position.samples},
               {"tokens", position.tokens}, {"virtual_ranks", position.virtual_ranks},
               {"seed", position.seed},     {"plan_fingerprint", position.plan_fingerprint}};
  if (position.evaluation) json["evaluation"] = to_json(*position.evaluation);
  if (position.guard != GuardState{}) json["guard"] = to_json(position.guard);
  if (position.rollback_step) json["rollback_step"] = *position.rollback_step;
  if (!position.data.empty()) json["data"] = position.data;
  if (!position.device.empty()) json["device"] = position.device;
  if (!position.schedule.empty()) json["schedule"] = position.schedule;
  if (position.best) json["best"] = to_json(*position.best);
  return json;
}

Json to_json(const std::vector<OptimizerPart>& parts) {
  Json json = Json::array();
  for (const OptimizerPart& part : parts)
    json.push_back({{"file", part.file}, {"begin", part.begin}, {"end", part.end}, {"offset", part.offset}});
  return json;
}

Json to_json(const OptimizerRecord& optimizer) {
  Json groups = Json::array();
  for (const GroupRecord& group : optimizer.groups)
    groups.push_back(
        {{"name", group.name}, {"elements", group.total}, {"states", group.states}, {"parts", to_json(group.parts)}});
  return {{"name", optimizer.name}, {"groups", groups}};
}

// As version 2 had it. A checkpoint without optimizer has no elements there, and no group here.
Json to_json_2(const OptimizerRecord& optimizer) {
  if (optimizer.groups.empty()) return {{"elements", 0}, {"master", false}, {"parts", Json::array()}};
  const GroupRecord& group = optimizer.groups.front();
  return {{"elements", group.total}, {"master", group.states.front() == kMasterState}, {"parts", to_json(group.parts)}};
}

Json to_json(const std::map<std::string, WrittenFile>& files) {
  Json json = Json::object();
  for (const auto& [name, file] : files) json[name] = {{"bytes", file.bytes}, {"xxh3_128", file.checksum}};
  return json;
}

GuardState guard_from(const Json& json) {
  return {json.at("losses").get<std::vector<double>>(), json.at("skipped_in_a_row").get<int64_t>(),
          json.at("skipped_steps").get<int64_t>(), json.at("rollbacks").get<int64_t>()};
}

Evaluation evaluation_from(const Json& json) {
  Evaluation evaluation{json.at("step").get<int64_t>(), json.at("eval_loss").get<double>()};
  if (const auto score = json.find("score"); score != json.end()) evaluation.score = score->get<double>();
  return evaluation;
}

BestEvaluation best_from(const Json& json) {
  return {json.at("watch").get<std::string>(), json.at("step").get<int64_t>(), json.at("value").get<double>(),
          json.at("since").get<int64_t>(), json.at("evaluated_step").get<int64_t>()};
}

TrainingPosition position_from(const Json& json) {
  TrainingPosition position;
  json.at("step").get_to(position.step);
  json.at("samples").get_to(position.samples);
  json.at("tokens").get_to(position.tokens);
  json.at("virtual_ranks").get_to(position.virtual_ranks);
  json.at("seed").get_to(position.seed);
  json.at("plan_fingerprint").get_to(position.plan_fingerprint);
  if (const auto found = json.find("evaluation"); found != json.end()) position.evaluation = evaluation_from(*found);
  if (const auto found = json.find("guard"); found != json.end()) position.guard = guard_from(*found);
  if (const auto found = json.find("rollback_step"); found != json.end())
    position.rollback_step = found->get<int64_t>();
  if (const auto found = json.find("data"); found != json.end()) found->get_to(position.data);
  if (const auto found = json.find("device"); found != json.end()) found->get_to(position.device);
  if (const auto found = json.find("schedule"); found != json.end()) found->get_to(position.schedule);
  if (const auto found = json.find("best"); found != json.end()) position.best = best_from(*found);
  return position;
}

std::vector<OptimizerPart> parts_from(const Json& json) {
  std::vector<OptimizerPart> parts;
  for (const Json& part : json)
    parts.push_back({part.at("file").get<std::string>(), part.at("begin").get<int64_t>(), part.at("end").get<int64_t>(),
                     part.at("offset").get<int64_t>()});
  return parts;
}

OptimizerRecord optimizer_from(const Json& json) {
  OptimizerRecord optimizer{json.at("name").get<std::string>(), {}};
  for (const Json& group : json.at("groups"))
    optimizer.groups.push_back({group.at("name").get<std::string>(), group.at("elements").get<int64_t>(),
                                group.at("states").get<std::vector<std::string>>(), parts_from(group.at("parts"))});
  return optimizer;
}

OptimizerRecord optimizer_from_2(const Json& json) {
  const auto elements = json.at("elements").get<int64_t>();
  if (elements == 0) return {};
  GroupRecord group{"", elements, {"m", "v"}, parts_from(json.at("parts"))};
  if (json.at("master").get<bool>()) group.states.insert(group.states.begin(), kMasterState);
  return {"adamw", {group}};
}

std::map<std::string, WrittenFile> files_from(const Json& json) {
  std::map<std::string, WrittenFile> files;
  for (const auto& [name, file] : json.items()) {
    if (name.empty() || name[0] == '.' || name.find('/') != std::string::npos)
      throw CheckpointError(fmt::format("it names the file \"{}\", which is no plain name", name));
    files[name] = {file.at("bytes").get<int64_t>(), file.at("xxh3_128").get<std::string>()};
  }
  return files;
}

std::string of_group(const GroupRecord& group) {
  return group.name.empty() ? "optimizer state" : fmt::format("optimizer state of group {}", group.name);
}

void check_cover(const OptimizerRecord& optimizer, const std::map<std::string, WrittenFile>& files) {
  for (const GroupRecord& group : optimizer.groups) {
    int64_t covered = 0;
    for (const OptimizerPart& part : group.parts) {
      if (part.begin != covered || part.end < part.begin || !files.contains(part.file))
        throw CheckpointError(fmt::format("{}: {} holds [{}, {}), wanted is a part that begins at {}", of_group(group),
                                          part.file, part.begin, part.end, covered));
      covered = part.end;
    }
    if (covered != group.total)
      throw CheckpointError(fmt::format("{}: {} of {} elements are there", of_group(group), covered, group.total));
  }
}

// Runs parse(json) and turns what the JSON library throws into a CheckpointError.
template <class Parse>
auto with_json(std::string_view text, Parse&& parse) {
  try {
    return parse(parse_ordered_json(text));
  } catch (const nlohmann::json::exception& error) {
    throw CheckpointError(fmt::format("it is damaged: {}", error.what()));
  }
}

int version_of(const Json& json) {
  const auto format = json.at("format").get<std::string>();
  const auto version = json.at("version").get<int64_t>();
  if (format != kFormat) throw CheckpointError(fmt::format("its format is \"{}\", wanted \"{}\"", format, kFormat));
  if (version < kOldestManifestVersion || version > kManifestVersion)
    throw CheckpointError(
        fmt::format("its version is {}, this program reads versions {} to {}: use the release of Convoy "
                    "that wrote it",
                    version, kOldestManifestVersion, kManifestVersion));
  return static_cast<int>(version);
}

}  // namespace

std::string manifest_text(const Manifest& manifest) {
  Json json = {{"format", kFormat},
               {"version", manifest.version},
               {"position", to_json(manifest.position)},
               {"optimizer", manifest.version == 2 ? to_json_2(manifest.optimizer) : to_json(manifest.optimizer)},
               {"files", to_json(manifest.files)}};
  json["checksum"] = checksum_of(json_text(json));
  return json_text(json, 2) + "\n";
}

Manifest parse_manifest(std::string_view text) {
  const Manifest manifest = with_json(text, [](const Json& json) {
    const int version = version_of(json);
    const Json& optimizer = json.at("optimizer");
    return Manifest{version, position_from(json.at("position")),
                    version == 2 ? optimizer_from_2(optimizer) : optimizer_from(optimizer),
                    files_from(json.at("files"))};
  });
  // Writing it again gives the same text, checksum included, unless some byte was changed.
  if (manifest_text(manifest) != text)
    throw CheckpointError("it is damaged: its content does not agree with its checksum");
  check_cover(manifest.optimizer, manifest.files);
  return manifest;
}

std::string receipt_text(const Receipt& receipt) {
  const Json json = {
      {"failure", receipt.failure}, {"optimizer", to_json(receipt.optimizer)}, {"files", to_json(receipt.files)}};
  return json_text(json);
}

Receipt parse_receipt(std::string_view text) {
  return with_json(text, [](const Json& json) {
    return Receipt{json.at("failure").get<std::string>(), files_from(json.at("files")),
                   optimizer_from(json.at("optimizer"))};
  });
}

namespace {

// "adamw: 1000 elements of m, v", for messages.
std::string summary(const OptimizerRecord& optimizer) {
  std::string text = optimizer.name.empty() ? "none" : optimizer.name;
  for (const GroupRecord& group : optimizer.groups)
    text += fmt::format("{} {}{} elements of {}", &group == &optimizer.groups.front() ? ":" : ";",
                        group.name.empty() ? "" : group.name + " with ", group.total, fmt::join(group.states, ", "));
  return text;
}

}  // namespace

Manifest merge(const TrainingPosition& position, const std::vector<Receipt>& receipts) {
  Manifest manifest{.position = position, .optimizer = receipts.at(0).optimizer};
  const std::string wanted = summary(manifest.optimizer);
  for (GroupRecord& group : manifest.optimizer.groups) group.parts.clear();
  for (size_t rank = 0; rank < receipts.size(); ++rank) {
    const Receipt& receipt = receipts[rank];
    if (!receipt.failure.empty()) throw CheckpointError(fmt::format("rank {}: {}", rank, receipt.failure));
    if (const std::string found = summary(receipt.optimizer); found != wanted)
      throw CheckpointError(fmt::format("rank {} has optimizer state {}; rank 0 {}", rank, found, wanted));
    for (size_t g = 0; g < manifest.optimizer.groups.size(); ++g) {
      const auto& parts = receipt.optimizer.groups[g].parts;
      auto& all = manifest.optimizer.groups[g].parts;
      all.insert(all.end(), parts.begin(), parts.end());
    }
    manifest.files.insert(receipt.files.begin(), receipt.files.end());
  }
  for (GroupRecord& group : manifest.optimizer.groups) std::ranges::sort(group.parts, {}, &OptimizerPart::begin);
  check_cover(manifest.optimizer, manifest.files);
  return manifest;
}

}  // namespace convoy
