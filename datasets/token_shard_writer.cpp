#include "datasets/token_shard_writer.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "core/base/error.h"

namespace convoy {

TokenShardWriter::TokenShardWriter(std::filesystem::path folder, Split split, TokenShardFormat format)
    : vocabulary_(format.vocabulary),
      token_bytes_(static_cast<size_t>(size_of(token_type_for(format.vocabulary)))),
      writer_(std::move(folder), split, {token_field(format.vocabulary)}, format.shard_tokens, format.block_bytes) {}

void TokenShardWriter::append(std::span<const int32_t> tokens) {
  bytes_.clear();
  for (const int32_t token : tokens) {
    if (token < 0 || token >= vocabulary_)
      throw DataError(
          fmt::format("the tokenizer made token {}, wanted 0 to {}: its vocabulary and its merges do not "
                      "go together",
                      token, vocabulary_ - 1));
    // Little endian, as every processor that runs this.
    const auto* first = reinterpret_cast<const std::byte*>(&token);
    bytes_.insert(bytes_.end(), first, first + token_bytes_);
  }
  writer_.append(std::array{std::span<const std::byte>(bytes_)});
}

}  // namespace convoy
