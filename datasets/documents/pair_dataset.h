// Preference pairs as samples: two documents that begin alike, a prompt and of two answers the chosen and the rejected.
//
// Fields "tokens" and "targets", (2, T) i32 each: row 0 has the chosen answer, row 1 the rejected one. A row begins
// with its document, without its last token, which only is a target; targets that do not count are -1, and so are those
// of the places left over, whose tokens are 0. With DatasetNeeds::prefix_ends a third, "prefix_ends", (2, T) i32: where
// the tokens before a row's first that counts, its prompt, end, exclusive. Documents 2 i and 2 i + 1 of a shard are a
// pair. Those of which either teaches nothing are left out; in training each epoch permutes the others.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "datasets/dataset_manifest.h"
#include "datasets/documents/document.h"
#include "datasets/language_dataset.h"

namespace convoy {

class PairDataset final : public LanguageDataset {
 public:
  // Throws DataError if a document is longer than T + 1 tokens, a shard has an odd number of them, or there is nothing
  // to train on.
  PairDataset(std::filesystem::path folder, DatasetManifest manifest, const DatasetNeeds& needs);

  int64_t samples(Split split) const override;
  void read(Split split, int64_t first, int64_t count, std::span<const Tensor> out) override;
  bool every_target_counts() const override { return false; }
  int64_t stored_sample(Split split, int64_t sample) const override;
  std::string too_few(Split split, int64_t samples, bool model_is_fixed) const override;

 private:
  struct Part {
    Shards shards;
    std::vector<Document> documents;  // of pair i, 2 i and 2 i + 1
  };
  const Part& part(Split split) const { return parts_[static_cast<size_t>(split)]; }
  Part open(Split split) const;

  std::vector<Part> parts_;  // by Split
};

}  // namespace convoy
