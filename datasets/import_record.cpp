#include "datasets/import_record.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "core/base/byte_text.h"

namespace convoy {
namespace {

using Json = nlohmann::ordered_json;

std::vector<SourceEntry> sources_from(const Json& json) {
  std::vector<SourceEntry> sources;
  for (const Json& item : json)
    sources.push_back({bytes_of_text(item.at("name").get<std::string>()), item.at("bytes"),
                       from_hex(item.at("checksum").get<std::string>()), item.value("files", int64_t{1})});
  return sources;
}

}  // namespace

const std::string& ImportRecord::option(const std::string& name) const {
  static const std::string none;
  const auto found = options.find(name);
  return found == options.end() ? none : found->second;
}

std::string to_hex(uint64_t value) { return fmt::format("{:016x}", value); }
uint64_t from_hex(const std::string& text) { return std::stoull(text, nullptr, 16); }

// Names of files are bytes.
Json to_json(const ImportRecord& record) {
  Json options = Json::object(), sources = Json::array();
  for (const auto& [name, value] : record.options) options[name] = text_of_bytes(value);
  for (const SourceEntry& source : record.sources) {
    sources.push_back(
        {{"name", text_of_bytes(source.name)}, {"bytes", source.bytes}, {"checksum", to_hex(source.checksum)}});
    if (source.files != 1) sources.back()["files"] = source.files;
  }
  return {{"command", record.command}, {"options", std::move(options)}, {"sources", std::move(sources)}};
}

ImportRecord import_record_from(const Json& json) {
  ImportRecord record{json.at("command"), {}, sources_from(json.at("sources"))};
  for (const auto& [name, value] : json.at("options").items())
    record.options[name] = bytes_of_text(value.get<std::string>());
  return record;
}

ImportRecord import_record_from_version_1(const Json& json) {
  return {"import-text",
          {{"tokenizer", bytes_of_text(json.at("tokenizer").get<std::string>())},
           {"tokenizer_checksum", json.at("tokenizer_checksum")},
           {"validation", fmt::format("{}", json.at("validation").get<double>())},
           {"shard_tokens", fmt::format("{}", json.at("shard_tokens").get<int64_t>())}},
          sources_from(json.at("sources"))};
}

}  // namespace convoy
