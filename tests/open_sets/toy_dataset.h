// A kind of dataset of our own: samples that are computed, of which a folder holds nothing but the manifest.
#pragma once

#include <filesystem>

#include "datasets/kinds.h"

namespace convoy::test {

// y = (0.5 x0 - 0.25 x1)^3, for x of a grid.
class CubeDataset final : public Dataset {
 public:
  explicit CubeDataset(std::filesystem::path folder);

  const std::vector<BatchField>& fields() const override { return fields_; }
  int64_t samples(Split split) const override { return split == Split::train ? 400 : 37; }
  void read(Split split, int64_t first, int64_t count, std::span<const Tensor> out) override;
  std::string identity() const override { return "cubes"; }
  const DatasetFacts& facts() const override { return facts_; }
  const std::filesystem::path& folder() const override { return folder_; }
  std::string too_few(Split, int64_t, bool) const override { return "there are 37"; }

 private:
  std::filesystem::path folder_;
  std::vector<BatchField> fields_;
  DatasetFacts facts_;
};

std::unique_ptr<Dataset> open_cubes(const std::filesystem::path& folder, DatasetManifest manifest,
                                    const DatasetNeeds& needs);
void write_cubes(const std::filesystem::path& folder);

}  // namespace convoy::test
