// What is in a dataset folder, for people; and whether all of it is whole.
#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "datasets/kinds.h"

namespace convoy {

// Rows of each split, shards, fields with the statistics of their columns, and what its kind adds: the tokenizer and
// the beginning of a text. Throws DataError if the folder cannot be opened.
std::string describe_dataset(const std::filesystem::path& folder, std::span<const DatasetKind> kinds = dataset_kinds());

// Beside that: how classes are balanced, and the first samples as a table and pictures; empty for kinds that have none.
// For a terminal, see array_samples.h. Throws DataError.
std::string describe_samples(const std::filesystem::path& folder, const SampleView& view,
                             std::span<const DatasetKind> kinds = dataset_kinds());

// Reads every block of every shard and the tokenizer; one line for each damage (file, field and rows), none if
// all is well. progress gets
// bytes done and in all; it may be empty.
std::vector<std::string> verify_dataset(const std::filesystem::path& folder,
                                        const std::function<void(int64_t, int64_t)>& progress,
                                        std::span<const DatasetKind> kinds = dataset_kinds());

}  // namespace convoy
