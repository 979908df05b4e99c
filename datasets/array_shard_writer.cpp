#include "datasets/array_shard_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "datasets/block_checksums.h"
#include "datasets/files/data_errors.h"
#include "datasets/files/positioned_file.h"
#include "datasets/hdf5/shard_file.h"

namespace convoy {

ArrayShardWriter::ArrayShardWriter(std::filesystem::path folder, Split split, std::vector<StoredField> fields,
                                   int64_t shard_rows, int64_t block_bytes)
    : folder_(std::move(folder)),
      split_(split),
      fields_(std::move(fields)),
      shard_rows_(shard_rows),
      block_bytes_(block_bytes),
      held_(fields_.size()) {}

int64_t ArrayShardWriter::rows_held() const {
  return static_cast<int64_t>(held_.front().size()) / fields_.front().row_bytes();
}

void ArrayShardWriter::append(std::span<const std::span<const std::byte>> rows) {
  const int64_t count = static_cast<int64_t>(rows.front().size()) / fields_.front().row_bytes();
  for (int64_t begin = 0; begin < count;) {
    const int64_t taken = std::min(count - begin, shard_rows_ - rows_held());
    for (size_t i = 0; i < fields_.size(); ++i) {
      const int64_t row_bytes = fields_[i].row_bytes();
      const auto part = rows[i].subspan(static_cast<size_t>(begin * row_bytes), static_cast<size_t>(taken * row_bytes));
      held_[i].insert(held_[i].end(), part.begin(), part.end());
    }
    begin += taken;
    if (rows_held() == shard_rows_) write_shard();
  }
}

SplitEntry ArrayShardWriter::finish() {
  if (rows_held() > 0) write_shard();
  return std::move(written_);
}

void ArrayShardWriter::write_shard() {
  ShardEntry entry{fmt::format("{}-{:05}.h5", name_of(split_), written_.shards.size()), rows_held(), {}};
  std::vector<hdf5::FieldLayout> layouts;
  for (size_t i = 0; i < fields_.size(); ++i) {
    const StoredField& field = fields_[i];
    hdf5::FieldLayout layout{field.name, field.type, {entry.rows}, {}, 0};
    layout.extents.insert(layout.extents.end(), field.shape.begin(), field.shape.end());
    if (field.name == "tokens") layout.vocabulary = field.limit;
    layouts.push_back(std::move(layout));
    entry.checksums.push_back(block_checksums(held_[i], block_bytes_));
  }
  PositionedFile file(folder_ / entry.file);
  layouts = hdf5::create_shard(file.temporary(), std::move(layouts));
  as_data_error([&] {
    for (size_t i = 0; i < fields_.size(); ++i) file.write(held_[i], layouts[i].data_offset);
    file.commit();
  });
  for (auto& bytes : held_) bytes.clear();
  written_.shards.push_back(std::move(entry));
}

}  // namespace convoy
