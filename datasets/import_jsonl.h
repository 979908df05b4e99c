// Files of JSON lines to a dataset folder of documents or preference pairs: `trainer data import-jsonl`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "datasets/import_progress.h"
#include "datasets/jsonl/encode_record.h"
#include "datasets/split_samples.h"

namespace convoy {

struct ImportJsonlOptions {
  std::vector<std::filesystem::path> inputs;  // files, pipes, and folders of *.jsonl and *.ndjson
  std::filesystem::path out;
  std::vector<std::string> validation_files, test_files;  // of which all records are of that split
  std::string tokenizer;                                  // bytes, or what load_tokenizer takes
  RecordForm form;
  std::string loss = "assistant";  // all: form.all_count, which follows from it
  RecordColumns columns;
  int64_t max_tokens = 0;          // of a record; 0: any number
  std::string too_long = "error";  // or drop, truncate
  std::string normalize = "none";  // or nfc, nfkc
  SplitFractions fractions;
  int64_t seed = 1;
  int64_t shard_tokens = int64_t{16} << 20;  // at most so many in a file, and in memory
  bool force = false;                        // replace a dataset that is there
  int threads = 1;
};

// Reads the files twice: what they are, then the records. Records are dealt out in their order, exact duplicates left
// out. Memory: a few batches of lines for each thread, a shard of each split, and 16 bytes of each record to know
// duplicates by, with what a hash table takes.
//
// The dataset is built hidden and takes its name when it is whole, as with import_text. Throws DataError, which names
// file and line of a bad record, or for impossible options ConfigError.
ImportResult import_jsonl(const ImportJsonlOptions& options, const ImportProgressFunction& progress);

}  // namespace convoy
