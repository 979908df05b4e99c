// Small dataset folders whose tokens are known.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "datasets/token_dataset.h"

namespace convoy {

// Token i of a split is (i * 7 + 3) % vocabulary.
int32_t toy_token(int64_t i, int64_t vocabulary);

struct ToyDataset {
  int64_t vocabulary = 256;
  int64_t train_tokens = 0, validation_tokens = 0, test_tokens = 0;
  int64_t shard_tokens = 1 << 20;
  int64_t block_bytes = 64;
};

// Writes shards, tokenizer and manifest. The tokenizer is that of bytes, whatever the vocabulary.
DatasetManifest write_toy_dataset(const std::filesystem::path& folder, const ToyDataset& toy);

struct Samples {
  std::vector<int32_t> tokens, targets;
  bool operator==(const Samples&) const = default;
};
Samples read_samples(BatchSource& source, Split split, int64_t first, int64_t count);

void write_text(const std::filesystem::path& file, const std::string& text);
std::string read_text(const std::filesystem::path& file);
// Replaces the only place where `from` stands.
void replace_in_file(const std::filesystem::path& file, const std::string& from, const std::string& to);

// Where the tokens begin in a shard's file.
int64_t data_offset(const std::filesystem::path& shard);

}  // namespace convoy
