// manifest.json: what a dataset folder holds. Written last, so a folder without one is an unfinished import. FORMAT.md
// describes it for those who write one by hand.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/data/dataset.h"
#include "datasets/import_record.h"
#include "datasets/stored_type.h"

namespace convoy {

class Communicator;

inline constexpr const char* kDatasetManifestName = "manifest.json";
// The file that a model keeps of the fields of its data: fields_json().
inline constexpr const char* kFieldsFile = "dataset.json";
// And of DatasetManifest::preprocessing.
inline constexpr const char* kPreprocessingFile = "preprocessing.json";
inline constexpr int64_t kDatasetFormatVersion = 2;  // version 1, of tokens alone, is read too

// A field as the shards hold it: each has a dataset of its name, of shape (rows, shape...).
struct StoredField {
  std::string name;
  StoredType type = StoredType::f32;
  Shape shape;        // of one row; (): a single element
  FieldFacts facts;   // columns, classes
  int64_t limit = 0;  // its integers lie in [0, limit); 0: they may be any
  int64_t row_bytes() const { return shape.elements() * size_of(type); }
};

// A row is what all fields have one of: a sample, or a token.
struct ShardEntry {
  std::string file;
  int64_t rows = 0;
  std::vector<std::vector<uint64_t>> checksums;  // by field, of each block of its bytes; empty: none are known
  // By field, of the checksums of smaller blocks that lie in the shard itself (kCheckBytes); empty: it has none.
  std::vector<uint64_t> checks = {};
  bool operator==(const ShardEntry&) const = default;
};

struct SplitEntry {
  std::vector<ShardEntry> shards;
  int64_t rows() const;
  bool operator==(const SplitEntry&) const = default;
};

struct DatasetManifest {
  std::string kind;                               // how samples are made of rows: kinds.h
  int64_t block_bytes = 1 << 20;                  // of a checksum
  std::vector<StoredField> fields;                // in the order in which batches have them
  std::array<SplitEntry, kSplits.size()> splits;  // by Split
  int64_t vocabulary = 0;                         // of tokens; 0: it has none
  std::string tokenizer_file;                     // beside the manifest: tokenizer.json or tokenizer.model
  int64_t end_of_text = -1;                       // the token between documents; -1: none
  // How samples were made of what was imported, so that `predict` makes them of new input: an object of JSON whose
  // "kind" names the reader of such input. Empty: not known.
  std::string preprocessing;
  ImportRecord import;

  const SplitEntry& split(Split which) const { return splits[static_cast<size_t>(which)]; }
  SplitEntry& split(Split which) { return splits[static_cast<size_t>(which)]; }
  int64_t row_bytes() const;  // of all fields
};

// Blocks whose checksums lie in the shard: what has to be read to know that a sample is whole. Those of the manifest
// are larger, and are what verifying and the identity of the data go by.
inline constexpr int64_t kCheckBytes = 64 << 10;
// The dataset of the shard that holds those of a field.
std::string checks_of(const std::string& field);

// The field "tokens" and what belongs to it. uint16 up to a vocabulary of 65536, else uint32.
StoredType token_type_for(int64_t vocabulary);
StoredField token_field(int64_t vocabulary);

// Throws DataError, naming the file, if it is missing, no manifest, or of another version.
DatasetManifest read_dataset_manifest(const std::filesystem::path& folder);
// The same by rank 0 alone, which tells the others: 8 bytes a block and some 60 a shard. Collective.
DatasetManifest read_dataset_manifest(const std::filesystem::path& folder, Communicator& ranks);
// That rank 0 tells them.
size_t index_bytes(const DatasetManifest& manifest);
void write_dataset_manifest(const std::filesystem::path& folder, const DatasetManifest& manifest);
// What the file holds, and back from it; file: what errors call it.
std::string manifest_text(const DatasetManifest& manifest);
DatasetManifest manifest_from_text(const std::string& text, const std::filesystem::path& file);

// Fields with shapes, types, names and statistics, as the manifest has them: what a model keeps of its data.
std::string fields_json(const DatasetManifest& manifest);
// Back from it. Throws DataError if it is no such text.
std::vector<StoredField> fields_from_json(const std::string& text);

}  // namespace convoy
