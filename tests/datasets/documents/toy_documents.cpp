#include "tests/datasets/documents/toy_documents.h"

#include <algorithm>

#include "datasets/documents/document.h"
#include "datasets/tokenizers/plain_tokenizers.h"
#include "tests/datasets/toy_dataset.h"

namespace convoy {

MarkedTokens toy_document(int64_t i, int64_t tokens, int64_t prompt, int64_t vocabulary) {
  MarkedTokens document;
  for (int64_t t = 0; t < tokens; ++t) {
    const auto token = static_cast<int32_t>((i * 31 + t * (7 + i % 5) + 3) % vocabulary);
    document.append({&token, 1}, t >= prompt);
  }
  return document;
}

DatasetManifest write_toy_documents(const std::filesystem::path& folder, const ToyDocuments& toy) {
  DatasetManifest manifest;
  manifest.kind = toy.kind;
  manifest.vocabulary = toy.vocabulary;
  manifest.fields = document_fields(toy.vocabulary);
  manifest.block_bytes = toy.block_bytes;
  manifest.tokenizer_file = "tokenizer.json";
  for (const Split split : {Split::train, Split::validation}) {
    const std::vector<MarkedTokens>& documents = split == Split::train ? toy.train : toy.validation;
    DocumentWriter writer(folder, split, toy.vocabulary, toy.shard_tokens, toy.block_bytes);
    for (size_t i = 0; i < documents.size(); i += toy.group)
      writer.append(std::span(documents).subspan(i, std::min(toy.group, documents.size() - i)));
    manifest.split(split) = writer.finish();
  }
  write_text(folder / "tokenizer.json", bytes_tokenizer_json());
  write_dataset_manifest(folder, manifest);
  return manifest;
}

}  // namespace convoy
