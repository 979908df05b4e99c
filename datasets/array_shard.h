// One HDF5 shard, memory-mapped: rows of any fields.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "datasets/dataset_manifest.h"
#include "datasets/files/mapped_file.h"
#include "datasets/hdf5/shard_file.h"

namespace convoy {

// Each block of a field is checked against its checksum, and its integers against the field's limit, when it is first
// touched: opening costs nothing, and no damaged row is ever handed out. Reads are thread safe.
class ArrayShard {
 public:
  // Throws DataError if the file is not what the manifest says, or truncated.
  ArrayShard(const std::filesystem::path& folder, const DatasetManifest& manifest, const ShardEntry& entry);

  int64_t rows() const { return rows_; }
  const std::filesystem::path& file() const { return file_; }
  // field: its place in the manifest.
  int64_t blocks(size_t field) const { return parts_[field].blocks; }

  // Rows [begin, begin + count) of a field as they are stored. Throws DataError naming file and place if they are
  // damaged.
  std::span<const std::byte> read(size_t field, int64_t begin, int64_t count) const;
  // The same, as elements of the batch's type.
  void read(size_t field, int64_t begin, int64_t count, void* out) const;
  // What is wrong with a block; absent: nothing.
  std::optional<std::string> damage(size_t field, int64_t block) const;

 private:
  struct Part {
    StoredField field;
    std::span<const std::byte> data;
    int64_t data_offset = 0, blocks = 0;
    std::vector<uint64_t> checksums;            // empty: none are known
    std::unique_ptr<std::atomic<bool>[]> good;  // by block: checked and found good
  };

  Part make_part(const StoredField& field, const hdf5::FieldLayout& layout, std::vector<uint64_t> checksums) const;
  void require_good(const Part& part, int64_t begin, int64_t end) const;
  std::optional<std::string> damage(const Part& part, int64_t block) const;
  std::optional<std::string> bad_element(const Part& part, int64_t block) const;

  std::filesystem::path file_;
  MappedFile mapping_;
  int64_t rows_, block_bytes_;
  std::vector<Part> parts_;  // by field
};

// All shards of a split.
std::vector<ArrayShard> open_shards(const std::filesystem::path& folder, const DatasetManifest& manifest, Split split);

}  // namespace convoy
