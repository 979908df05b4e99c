#include "datasets/block_check.h"

#include <fmt/format.h>

#include <utility>

#include "datasets/block_checksums.h"
#include "datasets/grouped_number.h"

namespace convoy {

BlockCheck::BlockCheck(std::string shown, StoredField field, int64_t block_bytes, std::vector<uint64_t> checksums,
                       int64_t data_offset)
    : shown_(std::move(shown)),
      field_(std::move(field)),
      block_bytes_(block_bytes),
      checksums_(std::move(checksums)),
      data_offset_(data_offset) {}

std::string BlockCheck::rows_text(int64_t first, int64_t bytes) const {
  const int64_t of_row = field_.row_bytes(), begin = first / of_row, last = (first + bytes - 1) / of_row;
  return begin == last ? fmt::format("row {} of \"{}\"", begin, field_.name)
                       : fmt::format("rows {} to {} of \"{}\"", begin, last, field_.name);
}

std::optional<std::string> BlockCheck::wrong_checksum(int64_t i, std::span<const std::byte> bytes) const {
  if (checksums_.empty()) return std::nullopt;
  const uint64_t found = xxh3_64(bytes), wanted = checksums_[static_cast<size_t>(i)];
  if (found == wanted) return std::nullopt;
  const auto length = static_cast<int64_t>(bytes.size());
  const int64_t in_field = i * block_bytes_, first = in_field + std::max<int64_t>(data_offset_, 0);
  return fmt::format("{}: bytes {} to {}{} ({}) have checksum {:016x}, the manifest wants {:016x}: the file is damaged",
                     shown_, first, first + length - 1, data_offset_ < 0 ? " of its elements" : "",
                     rows_text(in_field, length), found, wanted);
}

std::optional<std::string> BlockCheck::bad_elements(int64_t first, std::span<const std::byte> bytes) const {
  const int64_t size = size_of(field_.type), count = static_cast<int64_t>(bytes.size()) / size;
  const int64_t bad = find_unusable(field_.type, bytes.data(), 0, count, field_.limit);
  if (bad < 0) return std::nullopt;
  int64_t more = 0, last = bad;
  for (int64_t i = bad; (i = find_unusable(field_.type, bytes.data(), i + 1, count, field_.limit)) >= 0; last = i)
    ++more;
  const auto row_of = [&](int64_t i) { return (first / size + i) / field_.shape.elements(); };
  const bool is_real = batch_dtype(field_.type) == DType::f32;
  return fmt::format("{}: \"{}\" has {} in row {}{}, wanted {}", shown_, field_.name,
                     element_text(field_.type, bytes.data(), bad), row_of(bad),
                     more == 0 ? "" : fmt::format(" and {} more like it up to row {}", grouped(more), row_of(last)),
                     is_real            ? "finite numbers (within f32)"
                     : field_.limit > 0 ? fmt::format("0 to {}", field_.limit - 1)
                                        : "an i32");
}

}  // namespace convoy
