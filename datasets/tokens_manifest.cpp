#include "datasets/tokens_manifest.h"

#include "core/base/files.h"

namespace convoy {

void write_tokens_manifest(const std::filesystem::path& folder, DatasetManifest& manifest, const Tokenizer& tokenizer) {
  const auto [name, content] = tokenizer.file();
  write_file_atomically(folder / name, content);
  manifest.tokenizer_file = name;
  write_dataset_manifest(folder, manifest);
}

}  // namespace convoy
