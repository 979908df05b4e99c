#include "core/checkpoint/manifest.h"

#include <fmt/format.h>

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

Json to_json(const TrainingPosition& position) {
  Json json = {{"step", position.step},     {"samples", position.samples},
               {"tokens", position.tokens}, {"virtual_ranks", position.virtual_ranks},
               {"seed", position.seed},     {"plan_fingerprint", position.plan_fingerprint}};
  if (position.evaluation)
    json["evaluation"] = {{"step", position.evaluation->step}, {"eval_loss", position.evaluation->loss}};
  if (position.guard != GuardState{}) json["guard"] = to_json(position.guard);
  if (position.rollback_step) json["rollback_step"] = *position.rollback_step;
  if (!position.data.empty()) json["data"] = position.data;
  return json;
}

Json to_json(const OptimizerRecord& optimizer) {
  Json parts = Json::array();
  for (const OptimizerPart& part : optimizer.parts)
    parts.push_back({{"file", part.file}, {"begin", part.begin}, {"end", part.end}, {"offset", part.offset}});
  return {{"elements", optimizer.total}, {"master", optimizer.has_master}, {"parts", parts}};
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

TrainingPosition position_from(const Json& json) {
  TrainingPosition position;
  json.at("step").get_to(position.step);
  json.at("samples").get_to(position.samples);
  json.at("tokens").get_to(position.tokens);
  json.at("virtual_ranks").get_to(position.virtual_ranks);
  json.at("seed").get_to(position.seed);
  json.at("plan_fingerprint").get_to(position.plan_fingerprint);
  if (const auto found = json.find("evaluation"); found != json.end())
    position.evaluation = {found->at("step").get<int64_t>(), found->at("eval_loss").get<double>()};
  if (const auto found = json.find("guard"); found != json.end()) position.guard = guard_from(*found);
  if (const auto found = json.find("rollback_step"); found != json.end())
    position.rollback_step = found->get<int64_t>();
  if (const auto found = json.find("data"); found != json.end()) found->get_to(position.data);
  return position;
}

OptimizerRecord optimizer_from(const Json& json) {
  OptimizerRecord optimizer;
  json.at("elements").get_to(optimizer.total);
  json.at("master").get_to(optimizer.has_master);
  for (const Json& part : json.at("parts"))
    optimizer.parts.push_back({part.at("file").get<std::string>(), part.at("begin").get<int64_t>(),
                               part.at("end").get<int64_t>(), part.at("offset").get<int64_t>()});
  return optimizer;
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

void check_cover(const OptimizerRecord& optimizer, const std::map<std::string, WrittenFile>& files) {
  int64_t covered = 0;
  for (const OptimizerPart& part : optimizer.parts) {
    if (part.begin != covered || part.end < part.begin || !files.contains(part.file))
      throw CheckpointError(fmt::format("optimizer state: {} holds [{}, {}), wanted is a part that begins at {}",
                                        part.file, part.begin, part.end, covered));
    covered = part.end;
  }
  if (covered != optimizer.total)
    throw CheckpointError(fmt::format("optimizer state: {} of {} elements are there", covered, optimizer.total));
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

void check_version(const Json& json) {
  const auto format = json.at("format").get<std::string>();
  const auto version = json.at("version").get<int64_t>();
  if (format != kFormat) throw CheckpointError(fmt::format("its format is \"{}\", wanted \"{}\"", format, kFormat));
  if (version != kManifestVersion)
    throw CheckpointError(
        fmt::format("its version is {}, this program reads version {}: use the release of Convoy "
                    "that wrote it",
                    version, kManifestVersion));
}

}  // namespace

std::string manifest_text(const Manifest& manifest) {
  Json json = {{"format", kFormat},
               {"version", kManifestVersion},
               {"position", to_json(manifest.position)},
               {"optimizer", to_json(manifest.optimizer)},
               {"files", to_json(manifest.files)}};
  json["checksum"] = checksum_of(json_text(json));
  return json_text(json, 2) + "\n";
}

Manifest parse_manifest(std::string_view text) {
  const Manifest manifest = with_json(text, [](const Json& json) {
    check_version(json);
    return Manifest{position_from(json.at("position")), optimizer_from(json.at("optimizer")),
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

Manifest merge(const TrainingPosition& position, const std::vector<Receipt>& receipts) {
  Manifest manifest{position, receipts.at(0).optimizer, {}};
  manifest.optimizer.parts.clear();
  for (size_t rank = 0; rank < receipts.size(); ++rank) {
    const Receipt& receipt = receipts[rank];
    if (!receipt.failure.empty()) throw CheckpointError(fmt::format("rank {}: {}", rank, receipt.failure));
    if (receipt.optimizer.total != manifest.optimizer.total ||
        receipt.optimizer.has_master != manifest.optimizer.has_master)
      throw CheckpointError(
          fmt::format("rank {} has optimizer state of {} elements, {} master weights; rank 0 of {}, {}", rank,
                      receipt.optimizer.total, receipt.optimizer.has_master ? "with" : "without",
                      manifest.optimizer.total, manifest.optimizer.has_master ? "with" : "without"));
    const auto& parts = receipt.optimizer.parts;
    manifest.optimizer.parts.insert(manifest.optimizer.parts.end(), parts.begin(), parts.end());
    manifest.files.insert(receipt.files.begin(), receipt.files.end());
  }
  std::sort(manifest.optimizer.parts.begin(), manifest.optimizer.parts.end(),
            [](const OptimizerPart& a, const OptimizerPart& b) { return a.begin < b.begin; });
  check_cover(manifest.optimizer, manifest.files);
  return manifest;
}

}  // namespace convoy
