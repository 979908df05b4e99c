// Small datasets of documents whose tokens and marks are known.
#pragma once

#include <filesystem>
#include <vector>

#include "datasets/dataset_manifest.h"
#include "datasets/documents/document_writer.h"

namespace convoy {

// Document i has `tokens` tokens of the vocabulary, no two documents the same; from `prompt` on they count.
MarkedTokens toy_document(int64_t i, int64_t tokens, int64_t prompt, int64_t vocabulary = 256);

// train and validation: documents in their order, `group` of them in one shard together. The tokenizer is that of
// bytes, whatever the vocabulary.
struct ToyDocuments {
  std::vector<MarkedTokens> train, validation = {};
  const char* kind = "documents";
  size_t group = 1;
  int64_t vocabulary = 256, shard_tokens = 1 << 20, block_bytes = 64;
};
DatasetManifest write_toy_documents(const std::filesystem::path& folder, const ToyDocuments& toy);

}  // namespace convoy
