// Rows of arrays to the splits they belong to, with the statistics of those that are trained on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "datasets/array_shard_writer.h"
#include "datasets/field_statistics.h"

namespace convoy {

class RowDealer {
 public:
  // Makes shards of at most 128 MiB, and holds one of each split.
  RowDealer(const std::filesystem::path& folder, const std::vector<StoredField>& fields, int64_t block_bytes);

  // By field the next rows, as they are stored; splits: of each of them.
  void deal(std::span<const std::span<const std::byte>> rows, std::span<const Split> splits);
  // Writes the rest, and shards, splits and statistics into the manifest.
  void finish(DatasetManifest& manifest);

 private:
  std::vector<int64_t> row_bytes_;           // by field
  std::vector<FieldStatistics> statistics_;  // by field
  std::vector<ArrayShardWriter> writers_;    // by Split
};

}  // namespace convoy
