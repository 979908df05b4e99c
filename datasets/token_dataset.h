// Language-model samples from a folder of HDF5 token shards: fields "tokens" and "targets", (T) i32 each, where
// targets are the tokens one place further.
//
// See window_order.h for which sample is where, token_shard.h for how damage is found. A train split that holds tokens
// but no window of T + 1 is a DataError at opening; a validation split that short has 0 samples.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/data/batch_source.h"
#include "core/tokenizer/tokenizer.h"
#include "datasets/dataset_manifest.h"
#include "datasets/token_shard.h"
#include "datasets/window_order.h"

namespace convoy {

class TokenDataset final : public BatchSource {
 public:
  TokenDataset(std::filesystem::path folder, int64_t T, uint64_t seed);

  const std::vector<BatchField>& fields() const override { return fields_; }
  int64_t samples(Split split) const override { return parts_[static_cast<size_t>(split)].order.samples(); }
  void read(Split split, int64_t first, int64_t count, std::span<const Tensor> out) override;
  std::string identity() const override;

  const DatasetManifest& manifest() const { return manifest_; }
  int64_t vocabulary() const { return manifest_.vocabulary; }
  const std::filesystem::path& folder() const { return folder_; }
  // The tokenizer that made the tokens. Throws DataError if its file is damaged.
  std::unique_ptr<Tokenizer> tokenizer() const;
  // Its file's content, unread. Throws DataError if it is missing.
  std::string tokenizer_content() const;

 private:
  struct Part {
    std::vector<TokenShard> shards;
    WindowOrder order;
  };
  Part open(Split split, uint64_t seed) const;

  std::filesystem::path folder_;
  int64_t T_;
  DatasetManifest manifest_;
  std::vector<BatchField> fields_;
  std::vector<Part> parts_;  // by Split
};

// context: T. Throws DataError: found, wanted, remedy.
std::unique_ptr<TokenDataset> open_token_dataset(const std::filesystem::path& folder, int64_t context, uint64_t seed);

}  // namespace convoy
