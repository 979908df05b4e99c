// One shard that is written as its rows come.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "datasets/block_checksums.h"
#include "datasets/dataset_manifest.h"
#include "datasets/files/positioned_file.h"
#include "datasets/hdf5/shard_file.h"

namespace convoy {

// Lays the file out for all of its rows, then puts each where it belongs, a piece at a time, so that the disk writes
// while later rows are made. Throws DataError, naming the file, if it cannot be written; nothing half-written keeps the
// shard's name.
class ShardStream {
 public:
  // rows: that the shard has room for.
  ShardStream(std::filesystem::path name, const std::vector<StoredField>& fields, int64_t rows, int64_t block_bytes);

  int64_t rows() const { return rows_; }
  int64_t room() const { return planned_rows_ - rows_; }
  // By field, the same number of whole rows of each, as they are stored; not more than there is room for.
  void append(std::span<const std::span<const std::byte>> rows);
  // A file of the rows that came, which if they are fewer than it has room for is laid out and written again.
  ShardEntry finish();

 private:
  struct Part {
    int64_t row_bytes, written = 0;  // bytes in the file
    std::vector<std::byte> pending;
    BlockHasher hasher, checks;  // of the manifest's blocks, and of those of kCheckBytes
  };

  void lay_out(PositionedFile& file, int64_t rows);
  void flush(Part& part, std::span<const std::byte> bytes, int64_t offset);
  void write_again();
  uint64_t write_checks(size_t field);

  std::filesystem::path name_;
  const std::vector<StoredField>& fields_;
  int64_t planned_rows_, rows_ = 0;
  bool has_checks_;  // where the manifest's blocks are larger
  std::unique_ptr<PositionedFile> file_;
  std::vector<hdf5::FieldLayout> layouts_;  // by field, and behind them of their checks
  std::vector<Part> parts_;
};

}  // namespace convoy
