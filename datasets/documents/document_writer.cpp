#include "datasets/documents/document_writer.h"

#include <fmt/format.h>

#include <array>
#include <limits>
#include <utility>

#include "core/base/error.h"
#include "datasets/documents/document.h"

namespace convoy {

DocumentWriter::DocumentWriter(std::filesystem::path folder, Split split, int64_t vocabulary, int64_t shard_tokens,
                               int64_t block_bytes)
    : vocabulary_(vocabulary),
      shard_tokens_(shard_tokens),
      token_bytes_(static_cast<size_t>(size_of(token_type_for(vocabulary)))),
      writer_(std::move(folder), split, document_fields(vocabulary), std::numeric_limits<int64_t>::max(), block_bytes) {
}

void DocumentWriter::append(std::span<const MarkedTokens> group) {
  tokens_.clear();
  marks_.clear();
  for (const MarkedTokens& document : group)
    for (size_t i = 0; i < document.size(); ++i) {
      const int32_t token = document.tokens[i];
      if (token < 0 || token >= vocabulary_)
        throw DataError(
            fmt::format("the tokenizer made token {}, wanted 0 to {}: its vocabulary and its merges do not go together",
                        token, vocabulary_ - 1));
      const auto* bytes = reinterpret_cast<const std::byte*>(&token);  // little endian
      tokens_.insert(tokens_.end(), bytes, bytes + token_bytes_);
      marks_.push_back(std::byte((document.counts[i] != 0 ? kCounts : 0) | (i == 0 ? kBegins : 0)));
    }
  const auto count = static_cast<int64_t>(marks_.size());
  if (tokens_in_shard_ > 0 && tokens_in_shard_ + count > shard_tokens_) {
    writer_.end_shard();
    tokens_in_shard_ = 0;
  }
  tokens_in_shard_ += count;
  writer_.append(std::array{std::span<const std::byte>(tokens_), std::span<const std::byte>(marks_)});
}

}  // namespace convoy
