// One HDF5 shard of tokens, memory-mapped.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "datasets/dataset_manifest.h"
#include "datasets/files/mapped_file.h"

namespace convoy {

// Each block of data is checked against its checksum, and its tokens against the vocabulary, when it is first touched:
// opening costs nothing, and no damaged token is ever handed out. Reads are thread safe.
class TokenShard {
 public:
  // Throws DataError if the file is not what the manifest says, or truncated.
  TokenShard(const std::filesystem::path& folder, const DatasetManifest& manifest, const ShardEntry& entry);

  int64_t tokens() const { return tokens_; }
  int64_t blocks() const { return static_cast<int64_t>(checksums_.size()); }
  const std::filesystem::path& file() const { return file_; }

  // Tokens [begin, begin + count). Throws DataError naming file and place if they are damaged.
  void read(int64_t begin, int64_t count, int32_t* out) const;
  // What is wrong with a block; absent: nothing.
  std::optional<std::string> damage(int64_t block) const;

 private:
  void require_good(int64_t begin, int64_t count) const;
  std::optional<std::string> bad_token(int64_t block) const;

  std::filesystem::path file_;
  MappedFile mapping_;
  std::span<const std::byte> data_;  // the tokens
  int64_t tokens_, token_bytes_, vocabulary_, block_bytes_, data_offset_ = 0;
  std::vector<uint64_t> checksums_;
  std::unique_ptr<std::atomic<bool>[]> good_;  // by block: checked and found good
};

}  // namespace convoy
