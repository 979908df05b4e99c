#include "datasets/array_shard.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

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

ArrayShard::ArrayShard(const std::filesystem::path& folder, const DatasetManifest& manifest, const ShardEntry& entry)
    : file_(folder / entry.file), rows_(entry.rows), block_bytes_(manifest.block_bytes) {
  const std::vector<hdf5::FieldLayout> layouts = hdf5::open_shard(file_, names_of(manifest.fields));
  for (size_t i = 0; i < layouts.size(); ++i) check_against_manifest(layouts[i], manifest.fields[i], rows_, file_);
  mapping_ = as_data_error([&] { return MappedFile(file_); });
  for (size_t i = 0; i < layouts.size(); ++i)
    parts_.push_back(make_part(manifest.fields[i], layouts[i],
                               entry.checksums.empty() ? std::vector<uint64_t>() : entry.checksums[i]));
}

ArrayShard::Part ArrayShard::make_part(const StoredField& field, const hdf5::FieldLayout& layout,
                                       std::vector<uint64_t> checksums) const {
  const auto offset = static_cast<size_t>(layout.data_offset), bytes = static_cast<size_t>(layout.bytes());
  if (mapping_.bytes().size() < offset + bytes)
    throw DataError(fmt::format("{}: the file shrank while it was opened; {}", file_.string(), kImportAgain));
  Part part{field,
            mapping_.bytes().subspan(offset, bytes),
            layout.data_offset,
            ceil_div(layout.bytes(), block_bytes_),
            std::move(checksums),
            nullptr};
  if (!part.checksums.empty() && static_cast<int64_t>(part.checksums.size()) != part.blocks)
    throw DataError(
        fmt::format("{}: \"{}\" has {} blocks, the manifest {} checksums: files of two imports are mixed; {}",
                    file_.string(), field.name, part.blocks, part.checksums.size(), kImportAgain));
  part.good = std::make_unique<std::atomic<bool>[]>(static_cast<size_t>(part.blocks));
  return part;
}

std::span<const std::byte> ArrayShard::read(size_t field, int64_t begin, int64_t count) const {
  const Part& part = parts_[field];
  if (begin < 0 || count < 0 || begin + count > rows_)
    throw InternalError(
        fmt::format("{}: rows [{}, {}) asked for, there are {}", file_.string(), begin, begin + count, rows_));
  const int64_t row_bytes = part.field.row_bytes();
  require_good(part, begin * row_bytes, (begin + count) * row_bytes);
  return part.data.subspan(static_cast<size_t>(begin * row_bytes), static_cast<size_t>(count * row_bytes));
}

void ArrayShard::read(size_t field, int64_t begin, int64_t count, void* out) const {
  const StoredField& of = parts_[field].field;
  convert_elements(of.type, read(field, begin, count).data(), count * of.shape.elements(), out);
}

// Two threads may check the same block at once; both find the same.
void ArrayShard::require_good(const Part& part, int64_t begin, int64_t end) const {
  for (int64_t i = begin / block_bytes_; i * block_bytes_ < end; ++i) {
    std::atomic<bool>& good = part.good[static_cast<size_t>(i)];
    if (good.load(std::memory_order_relaxed)) continue;
    if (const auto found = damage(part, i)) throw DataError(*found + "; " + kImportAgain);
    good.store(true, std::memory_order_relaxed);
  }
}

std::optional<std::string> ArrayShard::damage(size_t field, int64_t i) const { return damage(parts_[field], i); }

std::optional<std::string> ArrayShard::damage(const Part& part, int64_t i) const {
  if (part.checksums.empty()) return bad_element(part, i);
  const auto bytes = block(part.data, block_bytes_, i);
  const uint64_t found = xxh3_64(bytes), wanted = part.checksums[static_cast<size_t>(i)];
  if (found == wanted) return bad_element(part, i);
  const int64_t first = part.data_offset + i * block_bytes_;
  return fmt::format("{}: bytes {} to {} have checksum {:016x}, the manifest wants {:016x}: the file is damaged",
                     file_.string(), first, first + static_cast<int64_t>(bytes.size()) - 1, found, wanted);
}

std::optional<std::string> ArrayShard::bad_element(const Part& part, int64_t i) const {
  const StoredType type = part.field.type;
  const auto bytes = block(part.data, block_bytes_, i);
  const int64_t place =
      find_outside(type, bytes.data(), static_cast<int64_t>(bytes.size()) / size_of(type), part.field.limit);
  if (place < 0) return std::nullopt;
  const int64_t element = i * block_bytes_ / size_of(type) + place;
  return fmt::format("{}: \"{}\" has {} in row {}, wanted {}", file_.string(), part.field.name,
                     element_text(type, bytes.data(), place), element / part.field.shape.elements(),
                     part.field.limit > 0 ? fmt::format("0 to {}", part.field.limit - 1) : "an i32");
}

std::vector<ArrayShard> open_shards(const std::filesystem::path& folder, const DatasetManifest& manifest, Split split) {
  std::vector<ArrayShard> shards;
  for (const ShardEntry& entry : manifest.split(split).shards) shards.emplace_back(folder, manifest, entry);
  return shards;
}

}  // namespace convoy
