// The end of every import that makes tokens.
#pragma once

#include <filesystem>

#include "core/tokenizer/tokenizer.h"
#include "datasets/dataset_manifest.h"

namespace convoy {

// Writes the tokenizer's file into the folder, names it in the manifest, and writes that: the dataset is whole. Throws
// FileError.
void write_tokens_manifest(const std::filesystem::path& folder, DatasetManifest& manifest, const Tokenizer& tokenizer);

}  // namespace convoy
