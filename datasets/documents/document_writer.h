// Writes documents of one split as shards: none lies in two.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "datasets/array_shard_writer.h"
#include "datasets/documents/marked_tokens.h"

namespace convoy {

class DocumentWriter {
 public:
  // shard_tokens: at most so many in a file, or one group of documents.
  DocumentWriter(std::filesystem::path folder, Split split, int64_t vocabulary, int64_t shard_tokens,
                 int64_t block_bytes);

  // Documents that lie in one shard, such as the two of a pair; none may be empty. Throws DataError if a token is not
  // of the vocabulary.
  void append(std::span<const MarkedTokens> group);
  SplitEntry finish() { return writer_.finish(); }

 private:
  int64_t vocabulary_, shard_tokens_, tokens_in_shard_ = 0;
  size_t token_bytes_;
  std::vector<std::byte> tokens_, marks_;  // of the group
  ArrayShardWriter writer_;
};

}  // namespace convoy
