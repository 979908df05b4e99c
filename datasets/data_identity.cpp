#include "datasets/data_identity.h"

#include <fmt/format.h>

#include "core/base/checksum.h"

namespace convoy {

std::string data_identity(const DatasetManifest& manifest) {
  std::string facts = fmt::format("tokens {} {} {}\n", manifest.vocabulary, manifest.token_bytes, manifest.block_bytes);
  for (const Split split : {Split::train, Split::validation})
    for (const ShardEntry& shard : manifest.split(split).shards) {
      facts += fmt::format("{} {}", name_of(split), shard.tokens);
      for (const uint64_t checksum : shard.checksums) facts += fmt::format(" {:016x}", checksum);
      facts += "\n";
    }
  return checksum_of(facts);
}

}  // namespace convoy
