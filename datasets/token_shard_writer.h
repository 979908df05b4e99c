// Writes a stream of tokens of one split as HDF5 shards "train-00000.h5", "train-00001.h5", ...
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "datasets/dataset_manifest.h"

namespace convoy {

struct TokenShardFormat {
  int64_t vocabulary = 0;
  int64_t shard_tokens = 0;  // at most so many tokens in a file
  int64_t block_bytes = 1 << 20;
};

// Holds one shard in memory at most. Throws DataError, naming the file, if it cannot be written; nothing half-written
// keeps a shard's name.
class TokenShardWriter {
 public:
  TokenShardWriter(std::filesystem::path folder, Split split, TokenShardFormat format);

  void append(std::span<const int32_t> tokens);
  // Writes the rest and tells what was written.
  SplitEntry finish();

 private:
  void push(int32_t token);
  void write_shard();

  std::filesystem::path folder_;
  Split split_;
  TokenShardFormat format_;
  int64_t token_bytes_;
  std::vector<std::byte> bytes_;  // of the shard being filled
  SplitEntry written_;
};

}  // namespace convoy
