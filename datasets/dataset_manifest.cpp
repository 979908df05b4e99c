#include "datasets/dataset_manifest.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>
#include <system_error>
#include <utility>

#include "core/base/error.h"
#include "core/base/integers.h"
#include "core/base/json_text.h"
#include "datasets/files/data_errors.h"
#include "datasets/manifest_fields.h"

namespace convoy {
namespace {

using Json = nlohmann::ordered_json;

std::vector<uint64_t> checksums_from(const Json& json) {
  std::vector<uint64_t> checksums;
  for (const Json& value : json) checksums.push_back(from_hex(value.get<std::string>()));
  return checksums;
}

Json to_json(const ShardEntry& shard, const std::vector<StoredField>& fields) {
  Json json = {{"file", shard.file}, {"rows", shard.rows}};
  for (size_t i = 0; i < shard.checksums.size(); ++i) {
    Json& checksums = json["checksums"][fields[i].name] = Json::array();
    for (const uint64_t value : shard.checksums[i]) checksums.push_back(to_hex(value));
  }
  for (size_t i = 0; i < shard.checks.size(); ++i) json["checks"][fields[i].name] = to_hex(shard.checks[i]);
  return json;
}

Json to_json(const SplitEntry& split, const std::vector<StoredField>& fields) {
  Json shards = Json::array();
  for (const ShardEntry& shard : split.shards) shards.push_back(to_json(shard, fields));
  return {{"rows", split.rows()}, {"shards", std::move(shards)}};
}

SplitEntry split_from(const Json& json, const std::vector<StoredField>& fields) {
  SplitEntry split;
  for (const Json& item : json.at("shards")) {
    ShardEntry shard{item.at("file"), item.at("rows"), {}};
    if (item.contains("checksums"))
      for (const StoredField& field : fields)
        shard.checksums.push_back(checksums_from(item.at("checksums").at(field.name)));
    if (item.contains("checks"))
      for (const StoredField& field : fields)
        shard.checks.push_back(from_hex(item.at("checks").at(field.name).get<std::string>()));
    split.shards.push_back(std::move(shard));
  }
  return split;
}

DatasetManifest manifest_from(const Json& json) {
  DatasetManifest manifest;
  manifest.kind = json.at("kind");
  manifest.block_bytes = json.value("block_bytes", manifest.block_bytes);
  for (const Json& field : json.at("fields")) manifest.fields.push_back(field_from(field));
  for (const Split split : kSplits)
    if (const auto found = json.at("splits").find(name_of(split)); found != json.at("splits").end())
      manifest.split(split) = split_from(*found, manifest.fields);
  if (json.contains("tokens")) {
    const Json& tokens = json.at("tokens");
    manifest.vocabulary = tokens.at("vocabulary");
    manifest.tokenizer_file = tokens.at("tokenizer_file");
    manifest.end_of_text = tokens.at("end_of_text");
    for (StoredField& field : manifest.fields)
      if (field.name == "tokens") field.limit = manifest.vocabulary;
  }
  if (json.contains("preprocessing")) manifest.preprocessing = json_text(json.at("preprocessing"), 1) + "\n";
  if (json.contains("import")) manifest.import = import_record_from(json.at("import"));
  return manifest;
}

// Tokens in one field, of which a row is one.
DatasetManifest manifest_from_version_1(const Json& json) {
  DatasetManifest manifest;
  manifest.kind = json.at("kind");
  if (manifest.kind != "tokens") return manifest;
  manifest.block_bytes = json.at("block_bytes");
  manifest.vocabulary = json.at("vocabulary");
  manifest.tokenizer_file = json.at("tokenizer_file");
  manifest.end_of_text = json.at("end_of_text");
  manifest.fields = {token_field(manifest.vocabulary)};
  manifest.fields[0].type = json.at("dtype") == "uint16" ? StoredType::u16 : StoredType::u32;
  for (const Split split : {Split::train, Split::validation})
    for (const Json& item : json.at("splits").at(name_of(split)).at("shards"))
      manifest.split(split).shards.push_back(
          {item.at("file"), item.at("tokens"), {checksums_from(item.at("checksums"))}});
  manifest.import = import_record_from_version_1(json.at("import"));
  return manifest;
}

int64_t version_of(const Json& json, const std::filesystem::path& file) {
  const int64_t version = json.at("format_version");
  if (version < 1 || version > kDatasetFormatVersion)
    throw DataError(fmt::format("{}: dataset format version {}, wanted {} or less; {}, or use the Convoy that wrote it",
                                file.string(), version, kDatasetFormatVersion, kImportAgain));
  return version;
}

// What later code divides by or indexes with. Empty: all is well.
std::string contradiction_in(const DatasetManifest& manifest) {
  std::set<std::string> names;
  for (const StoredField& field : manifest.fields) {
    if (field.name.empty() || field.name.find('/') != std::string::npos || !names.insert(field.name).second)
      return fmt::format("\"{}\" is no name for a field, or for two", field.name);
    if (manifest.block_bytes <= 0 || manifest.block_bytes % size_of(field.type) != 0)
      return fmt::format("checksum blocks of {} bytes do not hold whole elements of {}", manifest.block_bytes,
                         name_of(field.type));
    if (field.name == "tokens" && manifest.vocabulary > 0 && field.type != token_type_for(manifest.vocabulary))
      return fmt::format("a vocabulary of {} and tokens of type {} do not go together", manifest.vocabulary,
                         name_of(field.type));
  }
  for (const Split split : kSplits)
    for (const ShardEntry& shard : manifest.split(split).shards)
      if (shard.rows < 1 || shard.rows > int64_t{1} << 48)
        return fmt::format("{} has {} rows, wanted 1 or more", shard.file, shard.rows);
  return {};
}

void check_values(const DatasetManifest& manifest, const std::filesystem::path& file) {
  if (const std::string found = contradiction_in(manifest); !found.empty())
    throw DataError(fmt::format("{}: {}, so the file is damaged; {}", file.string(), found, kImportAgain));
}

// " in FOLDER", which a relative path is seen from.
std::string folder_around(const std::filesystem::path& path) {
  std::error_code unknown;
  return path.is_absolute() ? std::string() : " in " + std::filesystem::current_path(unknown).string();
}

}  // namespace

int64_t SplitEntry::rows() const {
  int64_t sum = 0;
  for (const ShardEntry& shard : shards) sum += shard.rows;
  return sum;
}

int64_t DatasetManifest::row_bytes() const {
  int64_t sum = 0;
  for (const StoredField& field : fields) sum += field.row_bytes();
  return sum;
}

std::string checks_of(const std::string& field) { return field + ".xxh3"; }

StoredType token_type_for(int64_t vocabulary) { return vocabulary <= 65536 ? StoredType::u16 : StoredType::u32; }

StoredField token_field(int64_t vocabulary) { return {"tokens", token_type_for(vocabulary), Shape{}, {}, vocabulary}; }

DatasetManifest read_dataset_manifest(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / kDatasetManifestName;
  if (!as_data_error([&] { return is_folder(folder); }))
    throw DataError(
        fmt::format("{}: no such dataset folder{}; make it with `trainer data import-text IN... {}`, or "
                    "import-csv",
                    folder.string(), folder_around(folder), folder.string()));
  if (!as_data_error([&] { return is_there(file); }))
    throw DataError(
        fmt::format("{}: no {}, so it is no dataset or an import that did not finish; run "
                    "`trainer data import-text IN... {}`, or import-csv",
                    folder.string(), kDatasetManifestName, folder.string()));
  return manifest_from_text(as_data_error([&] { return read_file(file); }), file);
}

std::string manifest_text(const DatasetManifest& manifest) {
  Json fields = Json::array(), splits;
  for (const StoredField& field : manifest.fields) fields.push_back(to_json(field));
  for (const Split split : kSplits)
    if (split != Split::test || !manifest.split(split).shards.empty())
      splits[name_of(split)] = to_json(manifest.split(split), manifest.fields);
  Json json = {{"format_version", kDatasetFormatVersion}, {"kind", manifest.kind}, {"fields", std::move(fields)}};
  if (manifest.vocabulary > 0)
    json["tokens"] = {{"vocabulary", manifest.vocabulary},
                      {"tokenizer_file", manifest.tokenizer_file},
                      {"end_of_text", manifest.end_of_text}};
  if (!manifest.preprocessing.empty()) json["preprocessing"] = parse_ordered_json(manifest.preprocessing);
  json["checksum"] = "xxh3-64";
  json["block_bytes"] = manifest.block_bytes;
  json["splits"] = std::move(splits);
  json["import"] = to_json(manifest.import);
  return json_text(json, 1) + "\n";
}

DatasetManifest manifest_from_text(const std::string& text, const std::filesystem::path& file) try {
  const Json json = parse_ordered_json(text);
  DatasetManifest manifest = version_of(json, file) == 1 ? manifest_from_version_1(json) : manifest_from(json);
  check_values(manifest, file);
  return manifest;
} catch (const std::exception& error) {
  const auto* known = dynamic_cast<const DataError*>(&error);
  if (known != nullptr && std::string_view(known->what()).starts_with(file.string())) throw DataError(*known);
  throw DataError(fmt::format("{}: not a manifest of Convoy: {}; {}", file.string(), error.what(), kImportAgain));
}

void write_dataset_manifest(const std::filesystem::path& folder, const DatasetManifest& manifest) {
  as_data_error([&] { write_file_atomically(folder / kDatasetManifestName, manifest_text(manifest)); });
}

std::string fields_json(const DatasetManifest& manifest) {
  Json fields = Json::array();
  for (const StoredField& field : manifest.fields) fields.push_back(to_json(field));
  return json_text(Json{{"kind", manifest.kind}, {"fields", std::move(fields)}}, 1) + "\n";
}

std::vector<StoredField> fields_from_json(const std::string& text) try {
  std::vector<StoredField> fields;
  const Json json = parse_ordered_json(text);
  for (const Json& field : json.at("fields")) fields.push_back(field_from(field));
  return fields;
} catch (const nlohmann::json::exception& error) {
  throw DataError(fmt::format("{} is damaged: {}; take it from another copy", kFieldsFile, error.what()));
}

}  // namespace convoy
