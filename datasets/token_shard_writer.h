// Writes a stream of tokens of one split as shards.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "datasets/array_shard_writer.h"

namespace convoy {

struct TokenShardFormat {
  int64_t vocabulary = 0;
  int64_t shard_tokens = 0;  // at most so many tokens in a file
  int64_t block_bytes = 1 << 20;
};

class TokenShardWriter {
 public:
  TokenShardWriter(std::filesystem::path folder, Split split, TokenShardFormat format);

  // Throws DataError if one is not of the vocabulary.
  void append(std::span<const int32_t> tokens);
  // Writes the rest and tells what was written.
  SplitEntry finish() { return writer_.finish(); }

 private:
  int64_t vocabulary_;
  size_t token_bytes_;
  std::vector<std::byte> bytes_;  // of the tokens being appended
  ArrayShardWriter writer_;
};

}  // namespace convoy
