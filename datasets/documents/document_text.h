// What people want to see of documents: how many there are, what of them counts, how well they pack, and some with
// their labels.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "datasets/array_samples.h"
#include "datasets/dataset_manifest.h"

namespace convoy {

// Tokenizer, vocabulary, and of each split its documents, tokens, those that count, and packing. Throws DataError.
std::string document_text(const std::filesystem::path& folder, const DatasetManifest& manifest);

// With view.labels the first documents, token by token: on a terminal what counts is green and the rest grey; elsewhere
// what counts stands in [[ ]]. Otherwise nothing. Control characters are written as such. Throws DataError.
std::string labelled_documents(const std::filesystem::path& folder, const DatasetManifest& manifest,
                               const SampleView& view);

// Adds what is wrong with documents and tokenizer.
void verify_documents(const std::filesystem::path& folder, const DatasetManifest& manifest,
                      std::vector<std::string>& damages);

}  // namespace convoy
