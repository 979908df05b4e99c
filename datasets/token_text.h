// What people want to see of a dataset of tokens.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "datasets/dataset_manifest.h"

namespace convoy {

// A line on its tokenizer and vocabulary.
std::string tokenizer_text(const DatasetManifest& manifest);

// The same, and how its text begins. Throws DataError.
std::string token_text(const std::filesystem::path& folder, const DatasetManifest& manifest);

// Adds what is wrong with its tokenizer.
void verify_tokenizer(const std::filesystem::path& folder, const DatasetManifest& manifest,
                      std::vector<std::string>& damages);

}  // namespace convoy
