#include "datasets/dataset_manifest.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <system_error>

#include "core/base/byte_text.h"
#include "core/base/error.h"
#include "core/base/json_text.h"
#include "datasets/files/data_errors.h"

namespace convoy {
namespace {

using Json = nlohmann::ordered_json;

// JSON numbers are read as doubles by some tools, so 64-bit checksums are text.
std::string to_hex(uint64_t value) { return fmt::format("{:016x}", value); }
uint64_t from_hex(const Json& text) { return std::stoull(text.get<std::string>(), nullptr, 16); }

// Names of files are bytes.
std::string name_from(const Json& text) { return bytes_of_text(text.get<std::string>()); }

Json to_json(const ShardEntry& shard) {
  Json checksums = Json::array();
  for (const uint64_t value : shard.checksums) checksums.push_back(to_hex(value));
  return {{"file", shard.file}, {"tokens", shard.tokens}, {"checksums", std::move(checksums)}};
}

Json to_json(const SplitEntry& split) {
  Json shards = Json::array();
  for (const ShardEntry& shard : split.shards) shards.push_back(to_json(shard));
  return {{"tokens", split.tokens()}, {"shards", std::move(shards)}};
}

Json to_json(const ImportRecord& record) {
  Json sources = Json::array();
  for (const SourceEntry& source : record.sources)
    sources.push_back(
        {{"name", text_of_bytes(source.name)}, {"bytes", source.bytes}, {"checksum", to_hex(source.checksum)}});
  return {{"tokenizer", text_of_bytes(record.tokenizer)},
          {"tokenizer_checksum", to_hex(record.tokenizer_checksum)},
          {"validation", record.validation},
          {"shard_tokens", record.shard_tokens},
          {"sources", std::move(sources)}};
}

SplitEntry split_from(const Json& json) {
  SplitEntry split;
  for (const Json& item : json.at("shards")) {
    ShardEntry shard{item.at("file"), item.at("tokens"), {}};
    for (const Json& value : item.at("checksums")) shard.checksums.push_back(from_hex(value));
    split.shards.push_back(std::move(shard));
  }
  return split;
}

ImportRecord import_from(const Json& json) {
  ImportRecord record{name_from(json.at("tokenizer")),
                      from_hex(json.at("tokenizer_checksum")),
                      json.at("validation"),
                      json.at("shard_tokens"),
                      {}};
  for (const Json& item : json.at("sources"))
    record.sources.push_back({name_from(item.at("name")), item.at("bytes"), from_hex(item.at("checksum"))});
  return record;
}

void check_kind(const Json& json, const std::filesystem::path& file) {
  const int64_t version = json.at("format_version");
  if (version != kDatasetFormatVersion)
    throw DataError(fmt::format("{}: dataset format version {}, wanted {}; {}, or use the Convoy that wrote it",
                                file.string(), version, kDatasetFormatVersion, kImportAgain));
  if (json.at("kind") != "tokens")
    throw DataError(fmt::format("{}: a dataset of kind \"{}\", wanted \"tokens\"; name another folder in data.path",
                                file.string(), json.at("kind").get<std::string>()));
}

DatasetManifest manifest_from(const Json& json) {
  DatasetManifest manifest;
  manifest.vocabulary = json.at("vocabulary");
  manifest.token_bytes = json.at("dtype") == "uint16" ? 2 : 4;
  manifest.block_bytes = json.at("block_bytes");
  manifest.tokenizer_file = json.at("tokenizer_file");
  manifest.end_of_text = json.at("end_of_text");
  for (const Split split : {Split::train, Split::validation})
    manifest.split(split) = split_from(json.at("splits").at(name_of(split)));
  manifest.import = import_from(json.at("import"));
  return manifest;
}

// What later code divides by or indexes with.
void check_values(const DatasetManifest& manifest, const std::filesystem::path& file) {
  const bool good = manifest.vocabulary > 0 && manifest.block_bytes > 0 && manifest.block_bytes % 4 == 0 &&
                    manifest.token_bytes == token_bytes_for(manifest.vocabulary);
  if (!good)
    throw DataError(
        fmt::format("{}: a vocabulary of {} in {} bytes a token and checksum blocks of {} bytes do not go "
                    "together, so the file is damaged; {}",
                    file.string(), manifest.vocabulary, manifest.token_bytes, manifest.block_bytes, kImportAgain));
}

// " in FOLDER", which a relative path is seen from.
std::string folder_around(const std::filesystem::path& path) {
  std::error_code unknown;
  return path.is_absolute() ? std::string() : " in " + std::filesystem::current_path(unknown).string();
}

}  // namespace

int64_t SplitEntry::tokens() const {
  int64_t sum = 0;
  for (const ShardEntry& shard : shards) sum += shard.tokens;
  return sum;
}

const char* name_of(Split split) { return split == Split::train ? "train" : "validation"; }

int64_t token_bytes_for(int64_t vocabulary) { return vocabulary <= 65536 ? 2 : 4; }

DatasetManifest read_dataset_manifest(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / kDatasetManifestName;
  if (!as_data_error([&] { return is_folder(folder); }))
    throw DataError(fmt::format("{}: no such dataset folder{}; make it with `trainer data import-text IN... {}`",
                                folder.string(), folder_around(folder), folder.string()));
  if (!as_data_error([&] { return is_there(file); }))
    throw DataError(
        fmt::format("{}: no {}, so it is no dataset or an import that did not finish; run "
                    "`trainer data import-text IN... {}`",
                    folder.string(), kDatasetManifestName, folder.string()));
  const std::string text = as_data_error([&] { return read_file(file); });
  try {
    const Json json = parse_ordered_json(text);
    check_kind(json, file);
    DatasetManifest manifest = manifest_from(json);
    check_values(manifest, file);
    return manifest;
  } catch (const std::exception& error) {
    if (const auto* known = dynamic_cast<const DataError*>(&error)) throw DataError(*known);
    throw DataError(fmt::format("{}: not a manifest of Convoy: {}; {}", file.string(), error.what(), kImportAgain));
  }
}

void write_dataset_manifest(const std::filesystem::path& folder, const DatasetManifest& manifest) {
  Json splits;
  for (const Split split : {Split::train, Split::validation}) splits[name_of(split)] = to_json(manifest.split(split));
  const Json json = {{"format_version", kDatasetFormatVersion},
                     {"kind", "tokens"},
                     {"dtype", manifest.token_bytes == 2 ? "uint16" : "uint32"},
                     {"vocabulary", manifest.vocabulary},
                     {"tokenizer_file", manifest.tokenizer_file},
                     {"end_of_text", manifest.end_of_text},
                     {"checksum", "xxh3-64"},
                     {"block_bytes", manifest.block_bytes},
                     {"splits", std::move(splits)},
                     {"import", to_json(manifest.import)}};
  as_data_error([&] { write_file_atomically(folder / kDatasetManifestName, json_text(json, 1) + "\n"); });
}

}  // namespace convoy
