#include "datasets/array_shard.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/base/error.h"
#include "core/base/integers.h"
#include "datasets/block_checksums.h"
#include "datasets/files/data_errors.h"

namespace convoy {
namespace {

std::vector<std::string> names_of(const std::vector<StoredField>& fields) {
  std::vector<std::string> names;
  for (const StoredField& field : fields) names.push_back(field.name);
  return names;
}

std::vector<std::string> names_of_checks(const ShardEntry& entry, const std::vector<StoredField>& fields) {
  std::vector<std::string> names;
  for (size_t i = 0; i < entry.checks.size(); ++i) names.push_back(checks_of(fields[i].name));
  return names;
}

std::string described(StoredType type, const std::vector<int64_t>& extents, int64_t vocabulary) {
  return fmt::format("{} of {}{}", fmt::join(extents, " x "), name_of(type),
                     vocabulary > 0 ? fmt::format(", vocabulary {}", vocabulary) : "");
}

void check_against_manifest(const hdf5::FieldLayout& found, const StoredField& field, int64_t rows,
                            const std::filesystem::path& file) {
  std::vector<int64_t> extents{rows};
  extents.insert(extents.end(), field.shape.begin(), field.shape.end());
  const bool same_vocabulary = !found.vocabulary || *found.vocabulary == field.limit;
  if (found.extents == extents && found.type == field.type && same_vocabulary) return;
  const bool tells = found.vocabulary.has_value();
  throw DataError(fmt::format("{}: \"{}\" is {}; the manifest says {}: files of two imports are mixed; {}",
                              file.string(), field.name,
                              described(found.type, found.extents, found.vocabulary.value_or(0)),
                              described(field.type, extents, tells ? field.limit : 0), kImportAgain));
}

}  // namespace

ArrayShard::ArrayShard(const std::filesystem::path& folder, const DatasetManifest& manifest, const ShardEntry& entry,
                       std::shared_ptr<BandCache> cache, std::optional<BlockMarks> marks)
    : file_(folder / entry.file),
      rows_(entry.rows),
      block_bytes_(manifest.block_bytes),
      cache_(std::move(cache)),
      marks_(marks ? *std::move(marks) : BlockMarks(checked_blocks_of(entry, manifest))) {
  const std::vector<hdf5::FieldLayout> layouts =
      hdf5::open_shard(file_, names_of(manifest.fields), names_of_checks(entry, manifest.fields));
  const size_t fields = manifest.fields.size();
  for (size_t i = 0; i < fields; ++i) check_against_manifest(layouts[i], manifest.fields[i], rows_, file_);
  mapping_ = as_data_error([&] { return MappedFile(file_); });
  marks_.use_for(mapping_.identity());
  int64_t marks_before = 0;
  for (size_t i = 0; i < fields; ++i) {
    parts_.push_back(make_part(manifest.fields[i], layouts[i],
                               entry.checksums.empty() ? std::vector<uint64_t>() : entry.checksums[i]));
    Part& part = parts_.back();
    const auto checks = std::find_if(layouts.begin(), layouts.end(), [&](const hdf5::FieldLayout& layout) {
      return layout.name == checks_of(manifest.fields[i].name);
    });
    // One that somebody has stored anew, in chunks or without its checks, goes by those of the manifest.
    if (!entry.checks.empty() && checks != layouts.end() && !checks->chunks && !part.chunked)
      part.own_check = own_check_of(part, layouts[i], *checks, entry.checks[i]);
    part.first_mark = marks_before;
    marks_before += ceil_div(layouts[i].bytes(), check_bytes_of(entry, manifest));
  }
  const bool has_chunks =
      std::any_of(parts_.begin(), parts_.end(), [](const Part& part) { return part.chunked != nullptr; });
  if (has_chunks && !cache_) cache_ = std::make_shared<BandCache>(kShardCacheBytes);
}

ArrayShard::Part ArrayShard::make_part(const StoredField& field, const hdf5::FieldLayout& layout,
                                       std::vector<uint64_t> checksums) const {
  const int64_t blocks = ceil_div(layout.bytes(), block_bytes_);
  if (!checksums.empty() && static_cast<int64_t>(checksums.size()) != blocks)
    throw DataError(
        fmt::format("{}: \"{}\" has {} blocks, the manifest {} checksums: files of two imports are mixed; {}",
                    file_.string(), field.name, blocks, checksums.size(), kImportAgain));
  BlockCheck check(file_.string(), field, block_bytes_, std::move(checksums), layout.chunks ? -1 : layout.data_offset);
  if (layout.chunks)
    return {.field = field,
            .check = check,
            .chunked =
                std::make_unique<ChunkedField>(mapping_.bytes(), file_.string(), field, rows_, *layout.chunks, check)};
  return {.field = field, .check = std::move(check), .data = mapped(layout)};
}

std::span<const std::byte> ArrayShard::mapped(const hdf5::FieldLayout& layout) const {
  const auto offset = static_cast<size_t>(layout.data_offset), bytes = static_cast<size_t>(layout.bytes());
  if (mapping_.bytes().size() < offset + bytes)
    throw DataError(fmt::format("{}: the file shrank while it was opened; {}", file_.string(), kImportAgain));
  return mapping_.bytes().subspan(offset, bytes);
}

// Which are those of this import only if their own checksum is the manifest's.
BlockCheck ArrayShard::own_check_of(const Part& part, const hdf5::FieldLayout& field, const hdf5::FieldLayout& checks,
                                    uint64_t wanted) const {
  const std::span<const std::byte> bytes = mapped(checks);
  const auto blocks = static_cast<size_t>(ceil_div(field.bytes(), kCheckBytes));
  if (bytes.size() != blocks * sizeof(uint64_t) || xxh3_64(bytes) != wanted)
    throw DataError(
        fmt::format("{}: \"{}\" are not the checksums that the manifest tells of: the file is damaged, or "
                    "files of two imports are mixed; {}",
                    file_.string(), checks_of(part.field.name), kImportAgain));
  std::vector<uint64_t> checksums(blocks);
  std::memcpy(checksums.data(), bytes.data(), bytes.size());
  return {file_.string(), part.field, kCheckBytes, std::move(checksums), field.data_offset};
}

int64_t ArrayShard::rows_decoded_at_once() const {
  int64_t rows = 0;
  for (const Part& part : parts_)
    if (part.chunked) rows = std::max(rows, part.chunked->rows_of_band());
  return rows;
}

void ArrayShard::read(size_t field, int64_t begin, int64_t count, void* out) const {
  const Part& part = parts_[field];
  if (begin < 0 || count < 0 || begin + count > rows_)
    throw InternalError(
        fmt::format("{}: rows [{}, {}) asked for, there are {}", file_.string(), begin, begin + count, rows_));
  if (part.chunked) return read_chunked(part, begin, count, static_cast<std::byte*>(out));
  const int64_t row_bytes = part.field.row_bytes();
  require_good(part, begin * row_bytes, (begin + count) * row_bytes);
  convert_elements(part.field.type, part.data.data() + begin * row_bytes, count * part.field.shape.elements(), out);
}

void ArrayShard::read_chunked(const Part& part, int64_t begin, int64_t count, std::byte* out) const {
  const int64_t of_band = part.chunked->rows_of_band(), elements = part.field.shape.elements(),
                out_bytes = elements * static_cast<int64_t>(size_of(batch_dtype(part.field.type)));
  for (int64_t row = begin, some = 0; row < begin + count; row += some, out += some * out_bytes) {
    const int64_t band = row / of_band, in_band = row % of_band;
    some = std::min(begin + count - row, of_band - in_band);
    const Band rows = cache_->get(*part.chunked, band);
    convert_elements(part.field.type, rows->data() + in_band * part.field.row_bytes(), some * elements, out);
  }
}

void ArrayShard::add_bands(int64_t begin, int64_t count, std::vector<BandKey>& bands) const {
  for (const Part& part : parts_) {
    if (!part.chunked) continue;
    const int64_t of_band = part.chunked->rows_of_band();
    for (int64_t band = begin / of_band; band * of_band < begin + count; ++band)
      bands.emplace_back(part.chunked.get(), band);
  }
}

// Two threads, or ranks, may check the same block at once; both find the same.
void ArrayShard::require_good(const Part& part, int64_t begin, int64_t end) const {
  const BlockCheck& check = part.read_check();
  for (int64_t i = begin / check.block_bytes(); i * check.block_bytes() < end; ++i) {
    if (marks_.is_good(part.first_mark + i)) continue;
    const auto bytes = block(part.data, check.block_bytes(), i);
    auto bad = check.wrong_checksum(i, bytes);
    if (!bad) bad = check.bad_elements(i * check.block_bytes(), bytes);
    if (bad) throw DataError(*bad + "; " + kImportAgain);
    marks_.set_good(part.first_mark + i);
  }
}

void ArrayShard::verify(size_t field, std::vector<std::string>& damages) const {
  const Part& part = parts_[field];
  if (part.chunked) return part.chunked->verify(damages);
  for (int64_t i = 0; i * block_bytes_ < static_cast<int64_t>(part.data.size()); ++i) {
    const auto bytes = block(part.data, block_bytes_, i);
    auto bad = part.check.wrong_checksum(i, bytes);
    if (!bad) bad = part.check.bad_elements(i * block_bytes_, bytes);
    if (bad) damages.push_back(std::move(*bad));
  }
}

}  // namespace convoy
