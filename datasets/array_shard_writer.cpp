#include "datasets/array_shard_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/base/error.h"

namespace convoy {

ArrayShardWriter::ArrayShardWriter(std::filesystem::path folder, Split split, std::vector<StoredField> fields,
                                   int64_t shard_rows, int64_t block_bytes, std::optional<int64_t> most_rows)
    : folder_(std::move(folder)),
      split_(split),
      fields_(std::make_unique<const std::vector<StoredField>>(std::move(fields))),
      shard_rows_(shard_rows),
      block_bytes_(block_bytes),
      rows_to_come_(most_rows),
      held_(fields_->size()) {}

int64_t ArrayShardWriter::rows_held() const {
  return static_cast<int64_t>(held_.front().size()) / fields_->front().row_bytes();
}

int64_t ArrayShardWriter::room() const { return shard_ ? shard_->room() : shard_rows_ - rows_held(); }

void ArrayShardWriter::append(std::span<const std::span<const std::byte>> rows) {
  const int64_t count = static_cast<int64_t>(rows.front().size()) / fields_->front().row_bytes();
  std::vector<std::span<const std::byte>> part(rows.size());
  for (int64_t begin = 0; begin < count;) {
    if (!shard_ && rows_to_come_) open_shard(std::min(shard_rows_, *rows_to_come_));
    const int64_t taken = std::min(count - begin, room());
    for (size_t i = 0; i < fields_->size(); ++i) {
      const int64_t row_bytes = (*fields_)[i].row_bytes();
      part[i] = rows[i].subspan(static_cast<size_t>(begin * row_bytes), static_cast<size_t>(taken * row_bytes));
    }
    take(part);
    begin += taken;
    if (room() == 0) finish_shard();
  }
}

void ArrayShardWriter::take(std::span<const std::span<const std::byte>> rows) {
  if (shard_) return shard_->append(rows);
  for (size_t i = 0; i < rows.size(); ++i) held_[i].insert(held_[i].end(), rows[i].begin(), rows[i].end());
}

void ArrayShardWriter::end_shard() {
  if (shard_ || rows_held() > 0) finish_shard();
}

SplitEntry ArrayShardWriter::finish() {
  end_shard();
  return std::move(written_);
}

void ArrayShardWriter::open_shard(int64_t rows) {
  if (rows < 1) throw InternalError(fmt::format("more rows of the {} split than were announced", name_of(split_)));
  shard_ = std::make_unique<ShardStream>(folder_ / fmt::format("{}-{:05}.h5", name_of(split_), written_.shards.size()),
                                         *fields_, rows, block_bytes_);
}

void ArrayShardWriter::finish_shard() {
  if (!shard_) {
    open_shard(rows_held());
    const std::vector<std::span<const std::byte>> rows(held_.begin(), held_.end());
    shard_->append(rows);
    for (auto& bytes : held_) bytes.clear();
  }
  if (rows_to_come_) *rows_to_come_ -= shard_->rows();
  written_.shards.push_back(shard_->finish());
  shard_.reset();
}

}  // namespace convoy
