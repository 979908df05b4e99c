// Files of models: written with what the manifest says of them, and copied.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "core/checkpoint/checkpoint.h"

namespace convoy {

// Bytes of weights written so far, and of all.
using ModelProgress = std::function<void(int64_t done, int64_t all)>;

// Create the file, which must not exist, and fsync it. Throw FileError.
WrittenFile write_model_file(const std::filesystem::path& path, const std::string& content);
WrittenFile copy_model_file(const std::filesystem::path& from, const std::filesystem::path& to,
                            const ModelProgress& progress);

// Of a checkpoint, those that belong to its tokenizer and to how text is written (kTokenizerCompanions).
std::map<std::string, std::string> tokenizer_companions(const CheckpointReader& checkpoint);

}  // namespace convoy
