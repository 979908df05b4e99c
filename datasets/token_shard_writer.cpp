#include "datasets/token_shard_writer.h"

#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "core/base/error.h"
#include "datasets/block_checksums.h"
#include "datasets/files/data_errors.h"
#include "datasets/files/positioned_file.h"
#include "datasets/hdf5/token_shard_file.h"

namespace convoy {

TokenShardWriter::TokenShardWriter(std::filesystem::path folder, Split split, TokenShardFormat format)
    : folder_(std::move(folder)), split_(split), format_(format), token_bytes_(token_bytes_for(format.vocabulary)) {}

void TokenShardWriter::append(std::span<const int32_t> tokens) {
  const auto full_bytes = static_cast<size_t>(format_.shard_tokens * token_bytes_);
  for (const int32_t token : tokens) {
    push(token);
    if (bytes_.size() == full_bytes) write_shard();
  }
}

void TokenShardWriter::push(int32_t token) {
  if (token < 0 || token >= format_.vocabulary)
    throw DataError(
        fmt::format("the tokenizer made token {}, wanted 0 to {}: its vocabulary and its merges do not "
                    "go together",
                    token, format_.vocabulary - 1));
  // Little endian, as every processor that runs this.
  const auto* first = reinterpret_cast<const std::byte*>(&token);
  bytes_.insert(bytes_.end(), first, first + token_bytes_);
}

SplitEntry TokenShardWriter::finish() {
  if (!bytes_.empty()) write_shard();
  return std::move(written_);
}

void TokenShardWriter::write_shard() {
  ShardEntry entry{fmt::format("{}-{:05}.h5", name_of(split_), written_.shards.size()),
                   static_cast<int64_t>(bytes_.size()) / token_bytes_, block_checksums(bytes_, format_.block_bytes)};
  PositionedFile file(folder_ / entry.file);
  const auto layout =
      hdf5::create_token_shard(file.temporary(), {entry.tokens, token_bytes_, format_.vocabulary, /*data_offset=*/0});
  as_data_error([&] {
    file.write(bytes_, layout.data_offset);
    file.commit();
  });
  bytes_.clear();
  written_.shards.push_back(std::move(entry));
}

}  // namespace convoy
