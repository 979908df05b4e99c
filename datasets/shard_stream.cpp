#include "datasets/shard_stream.h"

#include <algorithm>
#include <utility>

#include "core/base/files.h"
#include "core/base/integers.h"
#include "datasets/files/data_errors.h"

namespace convoy {
namespace {

constexpr size_t kWrittenTogether = 1 << 20;  // that go to the file together

}  // namespace

ShardStream::ShardStream(std::filesystem::path name, const std::vector<StoredField>& fields, int64_t rows,
                         int64_t block_bytes)
    : name_(std::move(name)),
      fields_(fields),
      planned_rows_(rows),
      has_checks_(block_bytes > kCheckBytes),
      file_(std::make_unique<PositionedFile>(name_)) {
  for (const StoredField& field : fields)
    parts_.push_back({field.row_bytes(), 0, {}, BlockHasher(block_bytes), BlockHasher(kCheckBytes)});
  lay_out(*file_, rows);
}

void ShardStream::lay_out(PositionedFile& file, int64_t rows) {
  layouts_.clear();
  for (const StoredField& field : fields_) {
    hdf5::FieldLayout layout{field.name, field.type, {rows}, {}, 0};
    layout.extents.insert(layout.extents.end(), field.shape.begin(), field.shape.end());
    if (field.name == "tokens") layout.vocabulary = field.limit;
    layouts_.push_back(std::move(layout));
  }
  for (const StoredField& field : fields_)
    if (has_checks_)
      layouts_.push_back(
          {checks_of(field.name), StoredType::i64, {ceil_div(rows * field.row_bytes(), kCheckBytes)}, {}, 0});
  layouts_ = hdf5::create_shard(file.temporary(), std::move(layouts_));
}

void ShardStream::append(std::span<const std::span<const std::byte>> rows) {
  rows_ += static_cast<int64_t>(rows.front().size()) / parts_.front().row_bytes;
  for (size_t i = 0; i < parts_.size(); ++i) {
    Part& part = parts_[i];
    if (part.pending.empty() && rows[i].size() >= kWrittenTogether) {
      flush(part, rows[i], layouts_[i].data_offset);
      continue;
    }
    part.pending.insert(part.pending.end(), rows[i].begin(), rows[i].end());
    if (part.pending.size() < kWrittenTogether) continue;
    flush(part, part.pending, layouts_[i].data_offset);
    part.pending.clear();
  }
}

void ShardStream::flush(Part& part, std::span<const std::byte> bytes, int64_t offset) {
  part.hasher.add(bytes);
  if (has_checks_) part.checks.add(bytes);
  as_data_error([&] { file_->write(bytes, offset + part.written); });
  part.written += static_cast<int64_t>(bytes.size());
}

ShardEntry ShardStream::finish() {
  ShardEntry entry{name_.filename().string(), rows_, {}, {}};
  for (size_t i = 0; i < parts_.size(); ++i) {
    flush(parts_[i], parts_[i].pending, layouts_[i].data_offset);
    entry.checksums.push_back(parts_[i].hasher.finish());
  }
  if (room() > 0) write_again();
  for (size_t i = 0; has_checks_ && i < parts_.size(); ++i) entry.checks.push_back(write_checks(i));
  as_data_error([&] { file_->commit(); });
  return entry;
}

// Into the file; returns their own.
uint64_t ShardStream::write_checks(size_t field) {
  const std::vector<uint64_t> checks = parts_[field].checks.finish();
  const auto bytes = std::as_bytes(std::span(checks));
  as_data_error([&] { file_->write(bytes, layouts_[parts_.size() + field].data_offset); });
  return xxh3_64(bytes);
}

void ShardStream::write_again() {
  const std::vector<hdf5::FieldLayout> before = layouts_;
  std::filesystem::path longer = name_;
  longer += ".longer";
  as_data_error([&] { rename_path(file_->temporary(), longer); });
  file_ = std::make_unique<PositionedFile>(name_);
  lay_out(*file_, rows_);
  as_data_error([&] {
    const File from = File::open(longer);
    std::vector<std::byte> piece;
    for (size_t i = 0; i < parts_.size(); ++i)
      for (int64_t done = 0; done < parts_[i].written; done += static_cast<int64_t>(piece.size())) {
        piece.resize(std::min(kWrittenTogether, static_cast<size_t>(parts_[i].written - done)));
        from.read(before[i].data_offset + done, piece);
        file_->write(piece, layouts_[i].data_offset + done);
      }
  });
  std::filesystem::remove(longer);
}

}  // namespace convoy
