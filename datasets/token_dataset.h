// Language-model samples from a folder of token shards: fields "tokens" and "targets", (T) i32 each, where targets are
// the tokens one place further. With separate_documents a third, "starts" (T) i32: of each place the one with which its
// document begins, the first behind an end-of-text token or of the sample; what would follow such a token is no target.
//
// See window_order.h for which sample is where, array_shard.h for how damage is found. A train split that holds tokens
// but no window of T + 1 is a DataError at opening; another split that short has 0 samples.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "datasets/dataset_manifest.h"
#include "datasets/language_dataset.h"
#include "datasets/window_order.h"

namespace convoy {

class TokenDataset final : public LanguageDataset {
 public:
  TokenDataset(std::filesystem::path folder, DatasetManifest manifest, const DatasetNeeds& needs);

  int64_t samples(Split split) const override { return parts_[static_cast<size_t>(split)].order.samples(); }
  void read(Split split, int64_t first, int64_t count, std::span<const Tensor> out) override;
  bool every_target_counts() const override { return !separate_; }
  std::string too_few(Split split, int64_t samples, bool model_is_fixed) const override;

 private:
  struct Part {
    Shards shards;
    WindowOrder order;
  };
  Part open(Split split) const;
  void separate(const int32_t* tokens, int32_t* targets, int32_t* starts) const;

  const bool separate_;
  std::vector<Part> parts_;  // by Split
};

// context: T. Throws DataError: found, wanted, remedy.
std::unique_ptr<TokenDataset> open_token_dataset(const std::filesystem::path& folder, int64_t context, uint64_t seed);

}  // namespace convoy
