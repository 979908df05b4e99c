#include "datasets/token_shard.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "core/base/error.h"
#include "core/base/integers.h"
#include "datasets/block_checksums.h"
#include "datasets/files/data_errors.h"
#include "datasets/hdf5/token_shard_file.h"

namespace convoy {
namespace {

template <class Stored>
Stored load(const std::byte* data, int64_t i) {
  Stored value;
  std::memcpy(&value, data + static_cast<size_t>(i) * sizeof(Stored), sizeof value);  // HDF5 promises no alignment
  return value;
}

template <class Stored>
void widen(const std::byte* data, int64_t begin, int64_t count, int32_t* out) {
  for (int64_t i = 0; i < count; ++i) out[i] = static_cast<int32_t>(load<Stored>(data, begin + i));
}

// The first token at or beyond the vocabulary, or -1.
template <class Stored>
int64_t find_beyond(std::span<const std::byte> data, int64_t vocabulary) {
  const auto count = static_cast<int64_t>(data.size() / sizeof(Stored));
  for (int64_t i = 0; i < count; ++i)
    if (int64_t{load<Stored>(data.data(), i)} >= vocabulary) return i;
  return -1;
}

void check_against_manifest(const hdf5::TokenShardLayout& layout, const DatasetManifest& manifest,
                            const ShardEntry& entry, const std::filesystem::path& file) {
  const int64_t num_blocks = ceil_div(entry.tokens * manifest.token_bytes, manifest.block_bytes);
  if (layout.num_tokens != entry.tokens || layout.token_bytes != manifest.token_bytes ||
      layout.vocabulary != manifest.vocabulary || static_cast<int64_t>(entry.checksums.size()) != num_blocks)
    throw DataError(
        fmt::format("{}: {} tokens of {} bytes, vocabulary {}; the manifest says {} of {} bytes, {}, with "
                    "{} checksums of {}: files of two imports are mixed; {}",
                    file.string(), layout.num_tokens, layout.token_bytes, layout.vocabulary, entry.tokens,
                    manifest.token_bytes, manifest.vocabulary, entry.checksums.size(), num_blocks, kImportAgain));
}

}  // namespace

TokenShard::TokenShard(const std::filesystem::path& folder, const DatasetManifest& manifest, const ShardEntry& entry)
    : file_(folder / entry.file),
      tokens_(entry.tokens),
      token_bytes_(manifest.token_bytes),
      vocabulary_(manifest.vocabulary),
      block_bytes_(manifest.block_bytes),
      checksums_(entry.checksums),
      good_(std::make_unique<std::atomic<bool>[]>(entry.checksums.size())) {
  const hdf5::TokenShardLayout layout = hdf5::open_token_shard(file_);
  check_against_manifest(layout, manifest, entry, file_);
  mapping_ = as_data_error([&] { return MappedFile(file_); });
  data_offset_ = layout.data_offset;
  const auto offset = static_cast<size_t>(data_offset_), bytes = static_cast<size_t>(tokens_ * token_bytes_);
  if (mapping_.bytes().size() < offset + bytes)
    throw DataError(fmt::format("{}: the file shrank while it was opened; {}", file_.string(), kImportAgain));
  data_ = mapping_.bytes().subspan(offset, bytes);
}

void TokenShard::read(int64_t begin, int64_t count, int32_t* out) const {
  require_good(begin, count);
  if (token_bytes_ == 2)
    widen<uint16_t>(data_.data(), begin, count, out);
  else
    widen<uint32_t>(data_.data(), begin, count, out);
}

// Two threads may check the same block at once; both find the same.
void TokenShard::require_good(int64_t begin, int64_t count) const {
  if (begin < 0 || count < 0 || begin + count > tokens_)
    throw InternalError(
        fmt::format("{}: tokens [{}, {}) asked for, there are {}", file_.string(), begin, begin + count, tokens_));
  if (count == 0) return;
  const int64_t last = (begin + count - 1) * token_bytes_ / block_bytes_;
  for (int64_t i = begin * token_bytes_ / block_bytes_; i <= last; ++i) {
    std::atomic<bool>& good = good_[static_cast<size_t>(i)];
    if (good.load(std::memory_order_relaxed)) continue;
    if (const auto found = damage(i)) throw DataError(*found + "; " + kImportAgain);
    good.store(true, std::memory_order_relaxed);
  }
}

std::optional<std::string> TokenShard::damage(int64_t i) const {
  const auto bytes = block(data_, block_bytes_, i);
  const uint64_t found = xxh3_64(bytes), wanted = checksums_[static_cast<size_t>(i)];
  if (found == wanted) return bad_token(i);
  const int64_t first = data_offset_ + i * block_bytes_;
  return fmt::format("{}: bytes {} to {} have checksum {:016x}, the manifest wants {:016x}: the file is damaged",
                     file_.string(), first, first + static_cast<int64_t>(bytes.size()) - 1, found, wanted);
}

std::optional<std::string> TokenShard::bad_token(int64_t i) const {
  const auto bytes = block(data_, block_bytes_, i);
  const int64_t place =
      token_bytes_ == 2 ? find_beyond<uint16_t>(bytes, vocabulary_) : find_beyond<uint32_t>(bytes, vocabulary_);
  if (place < 0) return std::nullopt;
  const int64_t token =
      token_bytes_ == 2 ? int64_t{load<uint16_t>(bytes.data(), place)} : int64_t{load<uint32_t>(bytes.data(), place)};
  return fmt::format("{}: token {} at position {}, wanted 0 to {} (the vocabulary)", file_.string(), token,
                     i * block_bytes_ / token_bytes_ + place, vocabulary_ - 1);
}

}  // namespace convoy
