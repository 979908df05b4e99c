// Whole documents as samples of a language model: conversations, of which answers count, or texts.
//
// Fields "tokens", "targets" and "starts", (T) i32 each. A sample is a sequence of T places with one or several whole
// documents (pack_documents.h), each without its last token, which only is a target. Targets that do not count are -1;
// so are those of the places left over, whose tokens are 0. starts: of each place the one with which its document
// begins; places left over begin with themselves. So attention of a document is its own, and positions count from 0 in
// each. With DatasetNeeds::prefix_ends a fourth, "prefix_ends": of each place where its document's prefix ends,
// exclusive, the tokens before the first that counts (a conversation's before its first answer); 0 where none is.
//
// Sequences are the same in every epoch; in training each epoch permutes them. Documents that teach nothing, of which
// no token counts, are left out.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "datasets/dataset_manifest.h"
#include "datasets/documents/document.h"
#include "datasets/documents/pack_documents.h"
#include "datasets/language_dataset.h"

namespace convoy {

class DocumentDataset final : public LanguageDataset {
 public:
  // Throws DataError if a document is longer than T + 1 tokens, or none of the training split teaches anything.
  DocumentDataset(std::filesystem::path folder, DatasetManifest manifest, const DatasetNeeds& needs);

  int64_t samples(Split split) const override { return part(split).packed.sequences(); }
  void read(Split split, int64_t first, int64_t count, std::span<const Tensor> out) override;
  bool every_target_counts() const override { return false; }
  std::string too_few(Split split, int64_t samples, bool model_is_fixed) const override;

 private:
  struct Part {
    Shards shards;
    std::vector<Document> documents;  // that teach
    PackedDocuments packed;
  };
  const Part& part(Split split) const { return parts_[static_cast<size_t>(split)]; }
  Part open(Split split, bool pack) const;

  std::vector<Part> parts_;  // by Split
};

}  // namespace convoy
