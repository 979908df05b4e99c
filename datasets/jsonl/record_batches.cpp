#include "datasets/jsonl/record_batches.h"

#include <fmt/format.h>

#include <utility>

#include "core/base/error.h"

namespace convoy {

RecordBatches::RecordBatches(const std::vector<TextFile>& files, const std::vector<std::string>& shown,
                             const RecordColumns& columns, std::optional<NormalForm> normalize, const RecordForm& form,
                             const Tokenizer& tokenizer, int threads)
    : shown_(shown),
      columns_(columns),
      normalize_(normalize),
      form_(form),
      tokenizer_(tokenizer),
      lines_(files),
      pipe_(
          threads, [this](LineBatch& batch) { return lines_.next(batch); },
          [this](LineBatch&& batch) { return encode(batch); }) {}

EncodedBatch RecordBatches::encode(const LineBatch& batch) {
  EncodedBatch encoded{batch.file, static_cast<int64_t>(batch.text.size()), {}};
  std::unique_ptr<RecordEncoder> encoder = borrow();
  for_lines(batch, [&](std::string_view line, int64_t number) {
    try {
      const Record record = read_record(line, columns_, normalize_);
      encoded.records.push_back(
          {number, record.kind, key_of(record), record.had_last_question, encoder->encode(record)});
    } catch (const RecordError& error) {
      throw DataError(fmt::format("{}, line {}: {}", shown_[batch.file], number, error.what()));
    }
  });
  give_back(std::move(encoder));
  return encoded;
}

std::unique_ptr<RecordEncoder> RecordBatches::borrow() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<RecordEncoder> encoder = std::move(idle_.back());
      idle_.pop_back();
      return encoder;
    }
  }
  return std::make_unique<RecordEncoder>(form_, tokenizer_);
}

void RecordBatches::give_back(std::unique_ptr<RecordEncoder> encoder) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(encoder));
}

}  // namespace convoy
