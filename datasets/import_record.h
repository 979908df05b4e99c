// From what and how a dataset was made. Equal records make equal datasets.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace convoy {

// One imported file, or a folder of many.
struct SourceEntry {
  std::string name;
  int64_t bytes = 0;
  uint64_t checksum = 0;  // xxh3 of its content
  int64_t files = 1;
  bool operator==(const SourceEntry&) const = default;
};

struct ImportRecord {
  std::string command;                         // "import-text"; empty: no import of ours made the dataset
  std::map<std::string, std::string> options;  // of the command, by their names without dashes
  std::vector<SourceEntry> sources;
  bool operator==(const ImportRecord&) const = default;

  // "": the record has no such option.
  const std::string& option(const std::string& name) const;
};

// Checksums are text of 16 digits: some tools read JSON's numbers as doubles.
std::string to_hex(uint64_t value);
// Throws std::invalid_argument or std::out_of_range.
uint64_t from_hex(const std::string& text);

nlohmann::ordered_json to_json(const ImportRecord& record);
// Throw nlohmann::json::exception, or as from_hex does.
ImportRecord import_record_from(const nlohmann::ordered_json& json);
// As manifests of version 1 have it, of which each was made by import-text.
ImportRecord import_record_from_version_1(const nlohmann::ordered_json& json);

}  // namespace convoy
