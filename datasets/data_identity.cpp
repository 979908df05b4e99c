#include "datasets/data_identity.h"

#include <fmt/format.h>

#include "core/base/checksum.h"

namespace convoy {
namespace {

// Datasets of tokens have been called so since the first version.
std::string described_fields(const DatasetManifest& manifest) {
  if (manifest.kind == "tokens")
    return fmt::format("tokens {} {} {}\n", manifest.vocabulary, manifest.row_bytes(), manifest.block_bytes);
  std::string text = fmt::format("{} {}\n", manifest.kind, manifest.block_bytes);
  for (const StoredField& field : manifest.fields)
    text += fmt::format("{} {} {} {}\n", field.name, name_of(field.type), to_string(field.shape), field.limit);
  return text;
}

}  // namespace

std::string data_identity(const DatasetManifest& manifest) {
  std::string facts = described_fields(manifest);
  for (const Split split : kSplits)
    for (const ShardEntry& shard : manifest.split(split).shards) {
      if (shard.checksums.empty()) return {};
      facts += fmt::format("{} {}", name_of(split), shard.rows);
      for (const auto& of_field : shard.checksums)
        for (const uint64_t checksum : of_field) facts += fmt::format(" {:016x}", checksum);
      facts += "\n";
    }
  return checksum_of(facts);
}

}  // namespace convoy
