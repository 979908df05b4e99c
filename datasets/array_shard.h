// One HDF5 shard, memory-mapped: rows of any fields.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "datasets/block_check.h"
#include "datasets/chunks/band_cache.h"
#include "datasets/chunks/chunked_field.h"
#include "datasets/dataset_manifest.h"
#include "datasets/files/mapped_file.h"
#include "datasets/hdf5/shard_file.h"

namespace convoy {

// Of decoded chunks, where there are any, that readers of a shard have no cache of their own for.
inline constexpr int64_t kShardCacheBytes = 256 << 20;

// Each block of a field that lies in one piece is checked against its checksum, and its elements against what they may
// be, when it is first touched: opening costs nothing, and no damaged row is ever handed out. Chunks are checked when
// they are decoded, against the checksums of the blocks that lie in them whole. Reads are thread safe.
class ArrayShard {
 public:
  // cache: of decoded chunks, shared by shards; null: one of its own. Throws DataError if the file is not what the
  // manifest says, or truncated.
  ArrayShard(const std::filesystem::path& folder, const DatasetManifest& manifest, const ShardEntry& entry,
             std::shared_ptr<BandCache> cache = nullptr);

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
    BlockCheck check;
    // In one piece:
    std::span<const std::byte> data;
    std::unique_ptr<std::atomic<bool>[]> good;  // by block: checked and found good
    // In chunks:
    std::unique_ptr<ChunkedField> chunked;
  };

  Part make_part(const StoredField& field, const hdf5::FieldLayout& layout, std::vector<uint64_t> checksums) const;
  void require_good(const Part& part, int64_t begin, int64_t end) const;
  void read_chunked(const Part& part, int64_t begin, int64_t count, std::byte* out) const;

  std::filesystem::path file_;
  MappedFile mapping_;
  int64_t rows_, block_bytes_;
  std::shared_ptr<BandCache> cache_;
  std::vector<Part> parts_;  // by field
};

// All shards of a split.
std::vector<ArrayShard> open_shards(const std::filesystem::path& folder, const DatasetManifest& manifest, Split split,
                                    const std::shared_ptr<BandCache>& cache = nullptr);

}  // namespace convoy
