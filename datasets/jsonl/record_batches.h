// Records of files in their order, encoded by several threads.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "datasets/jsonl/encode_record.h"
#include "datasets/jsonl/json_lines.h"
#include "datasets/jsonl/record.h"
#include "datasets/ordered_pipe.h"

namespace convoy {

struct EncodedRecord {
  int64_t line = 0;
  RecordKind kind = RecordKind::text;
  RecordKey key;
  bool had_last_question = false;
  std::vector<MarkedTokens> documents;
};

struct EncodedBatch {
  size_t file = 0;
  int64_t bytes = 0;
  std::vector<EncodedRecord> records;
};

class RecordBatches {
 public:
  // All live longer. shown: by file, what its user called it.
  RecordBatches(const std::vector<TextFile>& files, const std::vector<std::string>& shown, const RecordColumns& columns,
                std::optional<NormalForm> normalize, const RecordForm& form, const Tokenizer& tokenizer, int threads);

  // Throws DataError that names file and line of the first bad record.
  std::optional<EncodedBatch> take() { return pipe_.take(); }

 private:
  EncodedBatch encode(const LineBatch& batch);
  std::unique_ptr<RecordEncoder> borrow();
  void give_back(std::unique_ptr<RecordEncoder> encoder);

  const std::vector<std::string>& shown_;
  const RecordColumns& columns_;
  std::optional<NormalForm> normalize_;
  const RecordForm& form_;
  const Tokenizer& tokenizer_;
  JsonLines lines_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<RecordEncoder>> idle_;  // which remember words
  OrderedPipe<LineBatch, EncodedBatch> pipe_;         // last: its threads start when all else is there
};

}  // namespace convoy
