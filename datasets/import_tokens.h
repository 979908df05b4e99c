// Files of tokens that llm.c or Megatron-LM made to a dataset folder of HDF5 token shards: `trainer data
// import-tokens`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "datasets/import_progress.h"

namespace convoy {

struct ImportTokensOptions {
  std::vector<std::filesystem::path> inputs;  // token_files/token_file.h
  std::filesystem::path out;
  std::string tokenizer;  // path of the tokenizer.json or .model with which they were made
  std::vector<std::string> validation_files, test_files;  // of which all tokens are of that split
  // Of the other files: the last part of each, from the nearest end of a document on where that is known, is for
  // testing, and what is before it for validation.
  double validation = 0, test = 0;
  int64_t shard_tokens = int64_t{64} << 20;  // at most so many tokens in a file, and in memory
  bool force = false;                        // replace a dataset that is there
};

// Tokens stay as they are: what ends a document is among them or is not. The folder is made as import_text makes it.
// Throws DataError, also for a token that the tokenizer has not, or ConfigError for impossible options.
ImportResult import_tokens(const ImportTokensOptions& options, const ImportProgressFunction& progress);

}  // namespace convoy
