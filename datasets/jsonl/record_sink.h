// What becomes of encoded records: duplicates and what is too long are left out, the rest goes to its split.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "datasets/documents/document_writer.h"
#include "datasets/jsonl/record_batches.h"
#include "datasets/jsonl/split_records.h"

namespace convoy {

enum class TooLong : uint8_t { error, drop, truncate };

struct RecordRules {
  int64_t max_tokens = 0;  // 0: any number
  TooLong too_long = TooLong::error;
  SplitRecords split;
};

struct RecordCounts {
  std::array<int64_t, 4> kinds = {};  // by RecordKind: that were read
  int64_t duplicates = 0, too_long = 0, truncated = 0, silent = 0, last_questions = 0;
  std::array<int64_t, kSplits.size()> kept = {};  // by Split

  int64_t read() const { return kinds[0] + kinds[1] + kinds[2] + kinds[3]; }
};

class RecordSink {
 public:
  RecordSink(const std::filesystem::path& folder, int64_t vocabulary, int64_t shard_tokens, int64_t block_bytes,
             RecordRules rules);

  // Of one file; split: of all its records, absent: by the rules. Throws DataError that names file and line.
  void add(EncodedBatch batch, const std::string& file, std::optional<Split> split);

  const RecordCounts& counts() const { return counts_; }
  // Ends the shards. Kind: "documents" or "pairs".
  void finish(DatasetManifest& manifest);

 private:
  void add(EncodedRecord& record, const std::string& file, std::optional<Split> split);
  bool fit(EncodedRecord& record, const std::string& file);

  struct KeyHash {
    size_t operator()(const RecordKey& key) const { return key.low; }
  };
  RecordRules rules_;
  std::vector<DocumentWriter> writers_;  // by Split
  std::unordered_set<RecordKey, KeyHash> seen_;
  RecordCounts counts_;
  std::optional<bool> pairs_;
  int64_t dealt_ = 0;
};

}  // namespace convoy
