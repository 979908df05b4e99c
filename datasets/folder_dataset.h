// What every kind of dataset has of its folder: the manifest, the shards, what they are called and known by.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/data/dataset.h"
#include "datasets/dataset_manifest.h"
#include "datasets/shards.h"
#include "datasets/verified_blocks.h"

namespace convoy {

class FolderDataset : public Dataset {
 public:
  const std::vector<BatchField>& fields() const override { return fields_; }
  const DatasetFacts& facts() const override { return facts_; }
  const std::filesystem::path& folder() const override { return folder_; }
  std::string identity() const override;

  const DatasetManifest& manifest() const { return manifest_; }

 protected:
  // Collective over needs.ranks, where there are any. Throws DataError if a shard is missing.
  FolderDataset(std::filesystem::path folder, DatasetManifest manifest, const DatasetNeeds& needs, DatasetFacts facts);

  // Opened as they are read.
  Shards shards(Split split, std::shared_ptr<BandCache> cache = nullptr) const;
  // Throws InternalError unless these are a tensor a field, with so many samples of it.
  void check_tensors(std::span<const Tensor> out, int64_t first, int64_t count) const;
  // Throws DataError: the split has no sample.
  void require_samples(Split split) const;

  const std::filesystem::path folder_;
  const uint64_t seed_;
  Communicator* const ranks_;  // only while it is opened
  const DatasetManifest manifest_;
  const DatasetFacts facts_;
  std::vector<BatchField> fields_;

 private:
  const VerifiedBlocks verified_;
};

// The number of stored rows by split, which every kind tells.
DatasetFacts facts_of_rows(const DatasetManifest& manifest, const std::string& unit);

}  // namespace convoy
