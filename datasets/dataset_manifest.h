// manifest.json: what a dataset folder holds. Written last, so a folder without one is an unfinished import.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/data/batch_source.h"

namespace convoy {

inline constexpr const char* kDatasetManifestName = "manifest.json";
inline constexpr int64_t kDatasetFormatVersion = 1;

struct ShardEntry {
  std::string file;
  int64_t tokens = 0;
  std::vector<uint64_t> checksums;  // of each block of its tokens
  bool operator==(const ShardEntry&) const = default;
};

struct SplitEntry {
  std::vector<ShardEntry> shards;
  int64_t tokens() const;
  bool operator==(const SplitEntry&) const = default;
};

// One imported text file.
struct SourceEntry {
  std::string name;
  int64_t bytes = 0;
  uint64_t checksum = 0;
  bool operator==(const SourceEntry&) const = default;
};

// From what and how the dataset was made. Equal records make equal datasets.
struct ImportRecord {
  std::string tokenizer;            // "characters", "bytes" or the file's name
  uint64_t tokenizer_checksum = 0;  // of that file; 0 for the other two
  double validation = 0;            // fraction
  int64_t shard_tokens = 0;
  std::vector<SourceEntry> sources;
  bool operator==(const ImportRecord&) const = default;
};

struct DatasetManifest {
  int64_t vocabulary = 0;
  int64_t token_bytes = 2;           // 2: uint16, 4: uint32
  int64_t block_bytes = 1 << 20;     // of a checksum
  std::string tokenizer_file;        // beside the manifest: tokenizer.json or tokenizer.model
  int64_t end_of_text = -1;          // the token between documents; -1: none
  std::array<SplitEntry, 2> splits;  // by Split
  ImportRecord import;

  const SplitEntry& split(Split which) const { return splits[static_cast<size_t>(which)]; }
  SplitEntry& split(Split which) { return splits[static_cast<size_t>(which)]; }
};

// "train", "validation"
const char* name_of(Split split);

// Bytes of a token of such a vocabulary: 2 up to 65536 tokens, else 4.
int64_t token_bytes_for(int64_t vocabulary);

// Throws DataError, naming the file, if it is missing, no manifest of tokens, or of another version.
DatasetManifest read_dataset_manifest(const std::filesystem::path& folder);
void write_dataset_manifest(const std::filesystem::path& folder, const DatasetManifest& manifest);

}  // namespace convoy
