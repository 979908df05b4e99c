#include "core/checkpoint/manifest.h"

#include <fmt/format.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "core/base/checksum.h"
#include "core/base/integers.h"
#include "core/base/json_text.h"
#include "core/checkpoint/checkpoint_folder.h"

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

// As version 3 had it.
Json to_json_3(const OptimizerRecord& optimizer) {
  Json groups = Json::array();
  for (const GroupRecord& group : optimizer.groups)
    groups.push_back(
        {{"name", group.name}, {"elements", group.total}, {"states", group.states}, {"parts", to_json(group.parts)}});
  return {{"name", optimizer.name}, {"groups", groups}};
}

Json to_json(const OptimizerRecord& optimizer) {
  Json groups = Json::array();
  for (const GroupRecord& group : optimizer.groups) {
    Json cuts = Json::array();
    for (const Bucket& cut : group.cuts) cuts.push_back({cut.begin, cut.end, cut.shard, cut.offset});
    groups.push_back({{"name", group.name},
                      {"elements", group.total},
                      {"states", group.states},
                      {"sums", group.sums},
                      {"rank_elements", group.elements},
                      {"cuts", std::move(cuts)}});
  }
  return {{"name", optimizer.name},
          {"ranks_per_file", optimizer.ranks_per_file},
          {"ranks", optimizer.ranks},
          {"groups", groups}};
}

// As version 2 had it. A checkpoint without optimizer has no elements there, and no group here.
Json to_json_2(const OptimizerRecord& optimizer) {
  if (optimizer.groups.empty()) return {{"elements", 0}, {"master", false}, {"parts", Json::array()}};
  const GroupRecord& group = optimizer.groups.front();
  return {{"elements", group.total}, {"master", group.states.front() == kMasterState}, {"parts", to_json(group.parts)}};
}

Json to_json(const std::map<std::string, WrittenFile>& files) {
  Json json = Json::object();
  for (const auto& [name, file] : files) {
    json[name] = {{"bytes", file.bytes}, {"xxh3_128", file.checksum}};
    if (file.header_bytes > 0) json[name]["header_bytes"] = file.header_bytes;
  }
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

OptimizerRecord optimizer_from_3(const Json& json) {
  OptimizerRecord optimizer{.name = json.at("name").get<std::string>()};
  for (const Json& group : json.at("groups"))
    optimizer.groups.push_back({.name = group.at("name").get<std::string>(),
                                .total = group.at("elements").get<int64_t>(),
                                .states = group.at("states").get<std::vector<std::string>>(),
                                .parts = parts_from(group.at("parts"))});
  return optimizer;
}

OptimizerRecord optimizer_from(const Json& json) {
  OptimizerRecord optimizer{.name = json.at("name").get<std::string>(),
                            .ranks_per_file = json.at("ranks_per_file").get<int>(),
                            .ranks = json.at("ranks").get<std::vector<int>>()};
  for (const Json& group : json.at("groups")) {
    GroupRecord& record =
        optimizer.groups.emplace_back(GroupRecord{.name = group.at("name").get<std::string>(),
                                                  .total = group.at("elements").get<int64_t>(),
                                                  .states = group.at("states").get<std::vector<std::string>>(),
                                                  .elements = group.at("rank_elements").get<int64_t>(),
                                                  .sums = group.at("sums").get<std::map<std::string, std::string>>()});
    for (const Json& cut : group.at("cuts"))
      record.cuts.push_back(
          {cut.at(0).get<int64_t>(), cut.at(1).get<int64_t>(), cut.at(2).get<int64_t>(), cut.at(3).get<int64_t>()});
  }
  return optimizer;
}

OptimizerRecord optimizer_from_2(const Json& json) {
  const auto elements = json.at("elements").get<int64_t>();
  if (elements == 0) return {};
  GroupRecord group{.total = elements, .states = {"m", "v"}, .parts = parts_from(json.at("parts"))};
  if (json.at("master").get<bool>()) group.states.insert(group.states.begin(), kMasterState);
  return {.name = "adamw", .groups = {group}};
}

std::map<std::string, WrittenFile> files_from(const Json& json) {
  std::map<std::string, WrittenFile> files;
  for (const auto& [name, file] : json.items()) {
    if (name.empty() || name[0] == '.' || name.find('/') != std::string::npos)
      throw CheckpointError(fmt::format("it names the file \"{}\", which is no plain name", name));
    files[name] = {file.at("bytes").get<int64_t>(), file.at("xxh3_128").get<std::string>(),
                   file.value("header_bytes", int64_t{0})};
  }
  return files;
}

std::string of_group(const GroupRecord& group) {
  return group.name.empty() ? "optimizer state" : fmt::format("optimizer state of group {}", group.name);
}

// Versions 2 and 3.
void check_parts(const GroupRecord& group, const std::map<std::string, WrittenFile>& files) {
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

void check_cuts(const GroupRecord& group, size_t holders) {
  std::vector<Bucket> cuts = group.cuts;
  std::ranges::sort(cuts, {}, &Bucket::begin);
  int64_t covered = 0;
  for (const Bucket& cut : cuts) {
    const bool holds = cut.shard > 0 && cut.shard * static_cast<int64_t>(holders) >= cut.elements() &&
                       cut.offset >= 0 && cut.offset + cut.shard <= group.elements;
    if (cut.begin != covered || cut.end < cut.begin || !holds)
      throw CheckpointError(fmt::format("{}: {} ranks hold shards of {} of [{}, {}), wanted is a cut that begins at {}",
                                        of_group(group), holders, cut.shard, cut.begin, cut.end, covered));
    covered = cut.end;
  }
  if (covered < group.total)
    throw CheckpointError(fmt::format("{}: {} of {} elements are there", of_group(group), covered, group.total));
}

void check_cover(const Manifest& manifest) {
  const OptimizerRecord& optimizer = manifest.optimizer;
  for (const GroupRecord& group : optimizer.groups)
    manifest.version < 4 ? check_parts(group, manifest.files) : check_cuts(group, optimizer.ranks.size());
  if (manifest.version < 4) return;
  std::vector<int> ranks = optimizer.ranks;
  std::ranges::sort(ranks);
  for (size_t i = 0; i < ranks.size(); ++i)
    if (ranks[i] != static_cast<int>(i))
      throw CheckpointError(fmt::format("its {} ranks with shards are not numbered in a row", ranks.size()));
  if (optimizer.ranks_per_file < 1) throw CheckpointError("its files are of no rank");
  for (const int rank : ranks)
    if (optimizer.has_elements(rank) && !manifest.files.contains(optimizer.file_name(rank / optimizer.ranks_per_file)))
      throw CheckpointError(fmt::format("it has no {}", optimizer.file_name(rank / optimizer.ranks_per_file)));
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

int OptimizerRecord::files() const { return ceil_div(static_cast<int>(ranks.size()), ranks_per_file); }

int OptimizerRecord::holders_in(int file) const {
  return std::min(ranks_per_file, static_cast<int>(ranks.size()) - file * ranks_per_file);
}

std::string OptimizerRecord::file_name(int file) const { return optimizer_file_name(file, files()); }

bool OptimizerRecord::has_elements(int rank) const {
  return has_elements_at(std::ranges::find(ranks, rank) - ranks.begin());
}

bool OptimizerRecord::has_elements_at(int64_t place) const {
  return std::ranges::any_of(groups, [&](const GroupRecord& group) {
    return std::ranges::any_of(
        group.cuts, [&](const Bucket& cut) { return cut.begin + place * cut.shard < std::min(cut.end, group.total); });
  });
}

OptimizerPart OptimizerRecord::part_with(const GroupRecord& group, int64_t element) const {
  if (!group.parts.empty()) return *std::ranges::upper_bound(group.parts, element, {}, &OptimizerPart::end);
  // Cuts lie in falling order, as backward finishes them.
  const auto cut =
      std::ranges::find_if(group.cuts, [&](const Bucket& c) { return c.begin <= element && element < c.end; });
  const int64_t place = (element - cut->begin) / cut->shard;
  const int rank = ranks[static_cast<size_t>(place)];
  const int64_t begin = cut->begin + place * cut->shard;
  return {file_name(rank / ranks_per_file), begin, std::min({begin + cut->shard, cut->end, group.total}),
          rank % ranks_per_file * group.elements + cut->offset};
}

namespace {

Json optimizer_json(const Manifest& manifest) {
  if (manifest.version == 2) return to_json_2(manifest.optimizer);
  return manifest.version == 3 ? to_json_3(manifest.optimizer) : to_json(manifest.optimizer);
}

OptimizerRecord optimizer_from(int version, const Json& json) {
  if (version == 2) return optimizer_from_2(json);
  return version == 3 ? optimizer_from_3(json) : optimizer_from(json);
}

}  // namespace

std::string manifest_text(const Manifest& manifest) {
  Json json = {{"format", kFormat},
               {"version", manifest.version},
               {"position", to_json(manifest.position)},
               {"optimizer", optimizer_json(manifest)},
               {"files", to_json(manifest.files)}};
  if (manifest.version >= 4) json["weight_sums"] = manifest.weight_sums;
  json["checksum"] = checksum_of(json_text(json));
  return json_text(json, 2) + "\n";
}

Manifest parse_manifest(std::string_view text) {
  const Manifest manifest = with_json(text, [](const Json& json) {
    const int version = version_of(json);
    Manifest read{version,
                  position_from(json.at("position")),
                  optimizer_from(version, json.at("optimizer")),
                  files_from(json.at("files")),
                  {}};
    if (version >= 4) json.at("weight_sums").get_to(read.weight_sums);
    return read;
  });
  // Writing it again gives the same text, checksum included, unless some byte was changed.
  if (manifest_text(manifest) != text)
    throw CheckpointError("it is damaged: its content does not agree with its checksum");
  check_cover(manifest);
  return manifest;
}

}  // namespace convoy
