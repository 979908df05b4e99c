// One HDF5 shard, memory-mapped: rows of any fields.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "datasets/block_check.h"
#include "datasets/chunks/band_cache.h"
#include "datasets/chunks/chunked_field.h"
#include "datasets/dataset_manifest.h"
#include "datasets/files/mapped_file.h"
#include "datasets/hdf5/shard_file.h"
#include "datasets/verified_blocks.h"

namespace convoy {

// Of decoded chunks, where there are any, that readers of a shard have no cache of their own for.
inline constexpr int64_t kShardCacheBytes = 256 << 20;

// Each block of a field that lies in one piece is checked against its checksum, and its elements against what they may
// be, when it is first touched: opening costs nothing, and no damaged row is ever handed out. Where the shard has
// checksums of its own a block is kCheckBytes, else the manifest's. Chunks are checked when they are decoded, against
// the checksums of the manifest's blocks that lie in them whole. Reads are thread safe.
class ArrayShard {
 public:
  // cache: of decoded chunks, shared by shards; null: one of its own. Throws DataError if the file is not what the
  // manifest says, or truncated.
  // marks: of blocks that are good, shared with others; absent: its own.
  ArrayShard(const std::filesystem::path& folder, const DatasetManifest& manifest, const ShardEntry& entry,
             std::shared_ptr<BandCache> cache = nullptr, std::optional<BlockMarks> marks = {});

  int64_t rows() const { return rows_; }
  const std::filesystem::path& file() const { return file_; }
  // Where one of its fields lies in chunks: the most rows that are decoded at once; else 0.
  int64_t rows_decoded_at_once() const;

  // Rows [begin, begin + count) of a field (its place in the manifest) as elements of the batch's type. Throws
  // DataError naming file and place if they are damaged.
  void read(size_t field, int64_t begin, int64_t count, void* out) const;
  // The bands of all fields in chunks that hold these rows.
  void add_bands(int64_t begin, int64_t count, std::vector<BandKey>& bands) const;
  // Reads all of a field; one line for each block or chunk that is damaged or holds what it may not.
  void verify(size_t field, std::vector<std::string>& damages) const;

 private:
  struct Part {
    StoredField field;
    BlockCheck check;  // of the manifest
    // In one piece:
    std::span<const std::byte> data = {};
    std::optional<BlockCheck> own_check = {};  // of the shard
    int64_t first_mark = 0;                    // of its first block; of own_check, where there is one
    // In chunks:
    std::unique_ptr<ChunkedField> chunked = {};

    const BlockCheck& read_check() const { return own_check ? *own_check : check; }
  };

  Part make_part(const StoredField& field, const hdf5::FieldLayout& layout, std::vector<uint64_t> checksums) const;
  std::span<const std::byte> mapped(const hdf5::FieldLayout& layout) const;
  BlockCheck own_check_of(const Part& part, const hdf5::FieldLayout& field, const hdf5::FieldLayout& checks,
                          uint64_t wanted) const;
  void require_good(const Part& part, int64_t begin, int64_t end) const;
  void read_chunked(const Part& part, int64_t begin, int64_t count, std::byte* out) const;

  std::filesystem::path file_;
  MappedFile mapping_;
  int64_t rows_, block_bytes_;
  std::shared_ptr<BandCache> cache_;
  std::vector<Part> parts_;  // by field
  BlockMarks marks_;
};

}  // namespace convoy
