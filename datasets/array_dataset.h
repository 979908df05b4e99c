// Samples as they are stored: fields of fixed shapes, of which each row of the shards is one.
//
// Training samples walk through a keyed permutation of the split in each epoch, row_order.h; those of other splits come
// as they are stored. See array_shard.h for how damage is found.
//
// What lies in chunks is decoded as it is wanted, each chunk once for as long as it is kept: all of a split of which
// the rows take at most kWindowBytes, else the windows of the order, of which the next is decoded ahead by a thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "datasets/array_shard.h"
#include "datasets/dataset_manifest.h"
#include "datasets/folder_dataset.h"
#include "datasets/row_order.h"

namespace convoy {

// Decoded rows that are permuted at a time where they lie in chunks. Part of the order: another number is another
// order.
inline constexpr int64_t kWindowBytes = 256 << 20;

class ArrayDataset final : public FolderDataset {
 public:
  // Throws DataError if there is nothing to train on, or a shard is not what the manifest says.
  ArrayDataset(std::filesystem::path folder, DatasetManifest manifest, const DatasetNeeds& needs,
               int64_t window_bytes = kWindowBytes);
  ~ArrayDataset() override;

  int64_t samples(Split split) const override { return parts_[static_cast<size_t>(split)].first.back(); }
  void read(Split split, int64_t first, int64_t count, std::span<const Tensor> out) override;
  // "dataset.json": fields with the names and statistics of their columns and the names of classes; and, where it is
  // known, how samples are made of new input.
  std::map<std::string, std::string> files() const override;
  std::vector<int64_t> class_counts(const std::string& field) const override;
  int64_t stored_sample(Split split, int64_t sample) const override { return rows_of(split, sample, 1)[0]; }
  std::string too_few(Split split, int64_t samples, bool model_is_fixed) const override;

 private:
  struct Part {
    Shards shards;
    std::vector<int64_t> first;  // by shard: its first row's number in the split; at the end, of all rows
  };
  Part open(Split split) const;
  std::vector<int64_t> blocks_of_training(const std::vector<int64_t>& decoded) const;
  int64_t rows_of_window(const std::vector<int64_t>& decoded, int64_t window_bytes) const;
  void read_ahead(int64_t sample);
  void add_bands(int64_t block, std::vector<BandKey>& bands) const;
  // Of a row of the split: its shard, and its number there.
  static std::pair<const ArrayShard*, int64_t> place_of(const Part& part, int64_t row);
  std::vector<int64_t> rows_of(Split split, int64_t first, int64_t count) const;

  std::shared_ptr<BandCache> cache_;
  std::vector<Part> parts_;  // by Split
  std::unique_ptr<RowOrder> order_;
  std::atomic<int64_t> window_{-2};  // the last that was read ahead of
};

}  // namespace convoy
