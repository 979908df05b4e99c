// Samples as they are stored: fields of fixed shapes, of which each row of the shards is one.
//
// Training samples walk through a keyed permutation of the split in each epoch; those of other splits come as they are
// stored. See array_shard.h for how damage is found.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/data/dataset.h"
#include "datasets/array_shard.h"
#include "datasets/dataset_manifest.h"

namespace convoy {

class ArrayDataset final : public Dataset {
 public:
  // Throws DataError if there is nothing to train on, or a shard is not what the manifest says.
  ArrayDataset(std::filesystem::path folder, DatasetManifest manifest, uint64_t seed);

  const std::vector<BatchField>& fields() const override { return fields_; }
  int64_t samples(Split split) const override { return parts_[static_cast<size_t>(split)].first.back(); }
  void read(Split split, int64_t first, int64_t count, std::span<const Tensor> out) override;
  std::string identity() const override;
  const DatasetFacts& facts() const override { return facts_; }
  const std::filesystem::path& folder() const override { return folder_; }
  // "dataset.json": fields with the names and statistics of their columns and the names of classes; and, where it is
  // known, how samples are made of new input.
  std::map<std::string, std::string> files() const override;
  std::string too_few(Split split, int64_t samples, bool model_is_fixed) const override;

 private:
  struct Part {
    std::vector<ArrayShard> shards;
    std::vector<int64_t> first;  // by shard: its first row's number in the split; at the end, of all rows
  };
  Part open(Split split) const;
  int64_t row_of(Split split, int64_t sample) const;
  void check_tensors(std::span<const Tensor> out, int64_t first, int64_t count) const;

  std::filesystem::path folder_;
  uint64_t seed_;
  DatasetManifest manifest_;
  DatasetFacts facts_;
  std::vector<BatchField> fields_;
  std::vector<Part> parts_;  // by Split
};

}  // namespace convoy
