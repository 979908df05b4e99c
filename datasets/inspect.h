// What is in a dataset folder, for people; and whether all of it is whole.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace convoy {

// Tokens of each split, vocabulary, tokenizer, shards, and the beginning of the text. Throws DataError if the folder
// cannot be opened.
std::string describe_dataset(const std::filesystem::path& folder);

// Reads every block of every shard and the tokenizer; one line for each damage, none if all is well. progress gets
// bytes done and in all; it may be empty.
std::vector<std::string> verify_dataset(const std::filesystem::path& folder,
                                        const std::function<void(int64_t, int64_t)>& progress);

}  // namespace convoy
