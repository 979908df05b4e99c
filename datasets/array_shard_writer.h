// Writes the rows of one split as HDF5 shards "train-00000.h5", "train-00001.h5", ...
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "datasets/dataset_manifest.h"
#include "datasets/shard_stream.h"

namespace convoy {

// Throws DataError, naming the file, if it cannot be written; nothing half-written keeps a shard's name.
class ArrayShardWriter {
 public:
  // shard_rows: at most so many in a file. most_rows: that will come, or a few less: they are then written as they
  // come. Otherwise one shard is held in memory, until it is known how many rows it has.
  ArrayShardWriter(std::filesystem::path folder, Split split, std::vector<StoredField> fields, int64_t shard_rows,
                   int64_t block_bytes, std::optional<int64_t> most_rows = {});

  // By field, the same number of whole rows of each, as they are stored.
  void append(std::span<const std::span<const std::byte>> rows);
  // What comes next goes into another file.
  void end_shard();
  // Writes the rest and tells what was written.
  SplitEntry finish();

 private:
  int64_t rows_held() const;
  int64_t room() const;
  void take(std::span<const std::span<const std::byte>> rows);
  void open_shard(int64_t rows);
  void finish_shard();

  std::filesystem::path folder_;
  Split split_;
  std::unique_ptr<const std::vector<StoredField>> fields_;
  int64_t shard_rows_, block_bytes_;
  std::optional<int64_t> rows_to_come_;
  std::vector<std::vector<std::byte>> held_;  // by field: of the shard being filled
  std::unique_ptr<ShardStream> shard_;        // being written
  SplitEntry written_;
};

}  // namespace convoy
