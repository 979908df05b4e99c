// Writes the rows of one split as HDF5 shards "train-00000.h5", "train-00001.h5", ...
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "datasets/dataset_manifest.h"

namespace convoy {

// Holds one shard in memory at most. Throws DataError, naming the file, if it cannot be written; nothing half-written
// keeps a shard's name.
class ArrayShardWriter {
 public:
  // shard_rows: at most so many in a file.
  ArrayShardWriter(std::filesystem::path folder, Split split, std::vector<StoredField> fields, int64_t shard_rows,
                   int64_t block_bytes);

  // By field, the same number of whole rows of each, as they are stored.
  void append(std::span<const std::span<const std::byte>> rows);
  // Writes the rest and tells what was written.
  SplitEntry finish();

 private:
  int64_t rows_held() const;
  void write_shard();

  std::filesystem::path folder_;
  Split split_;
  std::vector<StoredField> fields_;
  int64_t shard_rows_, block_bytes_;
  std::vector<std::vector<std::byte>> held_;  // by field: of the shard being filled
  SplitEntry written_;
};

}  // namespace convoy
