#include "datasets/chunks/chunked_field.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "core/base/integers.h"
#include "datasets/chunks/decode_chunk.h"

namespace convoy {
namespace {

int64_t product(const std::vector<int64_t>& extents) {
  int64_t result = 1;
  for (const int64_t extent : extents) result *= extent;
  return result;
}

}  // namespace

ChunkedField::ChunkedField(std::span<const std::byte> file, std::string shown, StoredField field, int64_t rows,
                           ChunkLayout layout, BlockCheck check)
    : file_(file),
      shown_(std::move(shown)),
      field_(std::move(field)),
      rows_(rows),
      layout_(std::move(layout)),
      check_(std::move(check)) {
  if (static_cast<int64_t>(layout_.chunks.size()) != bands() * chunks_of_band())
    throw InternalError(fmt::format("{}: {} chunks of \"{}\", wanted {} x {}", shown_, layout_.chunks.size(),
                                    field_.name, bands(), chunks_of_band()));
}

int64_t ChunkedField::bands() const { return ceil_div(rows_, rows_of_band()); }
int64_t ChunkedField::rows_in(int64_t band) const { return std::min(rows_of_band(), rows_ - band * rows_of_band()); }
int64_t ChunkedField::bytes_in(int64_t band) const { return rows_in(band) * field_.row_bytes(); }

int64_t ChunkedField::chunks_of_band() const {
  int64_t chunks = 1;
  for (int d = 0; d < field_.shape.dims(); ++d)
    chunks *= ceil_div(field_.shape[d], layout_.extents[static_cast<size_t>(d) + 1]);
  return chunks;
}

// chunk: its number in the band.
ChunkedField::Place ChunkedField::place_of(int64_t chunk) const {
  const auto dims = static_cast<size_t>(field_.shape.dims());
  Place place{std::vector<int64_t>(dims), std::vector<int64_t>(dims)};
  for (size_t d = dims; d-- > 0;) {
    const int64_t extent = layout_.extents[d + 1], of_row = field_.shape[static_cast<int>(d)],
                  across = ceil_div(of_row, extent);
    place.first[d] = chunk % across * extent;
    place.extents[d] = std::min(extent, of_row - place.first[d]);
    chunk /= across;
  }
  return place;
}

std::vector<std::byte> ChunkedField::decode(int64_t band) const {
  std::vector<std::byte> rows = elements(band);
  const int64_t first = band * rows_of_band() * field_.row_bytes(), end = first + static_cast<int64_t>(rows.size());
  const int64_t block = check_.block_bytes(), all = rows_ * field_.row_bytes();
  auto bad = check_.bad_elements(first, rows);
  for (int64_t i = ceil_div(first, block); !bad && i * block < end; ++i) {
    const int64_t bytes = std::min(block, all - i * block);
    if (i * block + bytes <= end)
      bad = check_.wrong_checksum(i, std::span<const std::byte>(rows).subspan(static_cast<size_t>(i * block - first),
                                                                              static_cast<size_t>(bytes)));
  }
  if (bad) throw DataError(*bad);
  return rows;
}

void ChunkedField::verify(std::vector<std::string>& damages) const {
  std::vector<std::byte> kept;  // the beginning of a block
  int64_t blocks = 0;           // before it
  bool whole = true;            // all of it could be decoded
  for (int64_t band = 0; band < bands(); ++band) {
    std::vector<std::byte> rows;
    bool decoded = true;
    try {
      rows = elements(band);
      if (auto bad = check_.bad_elements(band * rows_of_band() * field_.row_bytes(), rows))
        damages.push_back(std::move(*bad));
    } catch (const DataError& error) {
      damages.emplace_back(error.what());
      rows.resize(static_cast<size_t>(bytes_in(band)));
      decoded = whole = false;
    }
    kept.insert(kept.end(), rows.begin(), rows.end());
    const auto block = static_cast<size_t>(check_.block_bytes());
    size_t done = 0;
    const auto check = [&](size_t bytes) {
      if (auto bad = check_.wrong_checksum(blocks++, std::span<const std::byte>(kept).subspan(done, bytes));
          bad && whole)
        damages.push_back(std::move(*bad));
      done += bytes;
      whole = decoded || done == kept.size();
    };
    while (kept.size() - done >= block) check(block);
    if (band + 1 == bands() && done < kept.size()) check(kept.size() - done);
    kept.erase(kept.begin(), kept.begin() + static_cast<std::ptrdiff_t>(done));
  }
}

std::vector<std::byte> ChunkedField::elements(int64_t band) const {
  std::vector<std::byte> rows(static_cast<size_t>(bytes_in(band))), scratch;
  std::vector<std::byte> elements(static_cast<size_t>(product(layout_.extents) * size_of(field_.type)));
  for (int64_t chunk = 0; chunk < chunks_of_band(); ++chunk) try {
      decode_into(rows, band, chunk, elements, scratch);
    } catch (const DataError& error) {
      const int64_t first = band * rows_of_band();
      throw DataError(fmt::format("{}: the chunk of rows {} to {} of \"{}\" cannot be read: {}", shown_, first,
                                  first + rows_in(band) - 1, field_.name, error.what()));
    }
  return rows;
}

void ChunkedField::decode_into(std::vector<std::byte>& rows, int64_t band, int64_t chunk,
                               std::vector<std::byte>& elements, std::vector<std::byte>& scratch) const {
  const StoredChunk& stored = layout_.chunks[static_cast<size_t>(band * chunks_of_band() + chunk)];
  const auto bytes = file_.subspan(static_cast<size_t>(stored.offset), static_cast<size_t>(stored.bytes));
  const bool is_all = chunks_of_band() == 1 && rows.size() == elements.size();
  decode_chunk(bytes, layout_.filters, stored.left_out, size_of(field_.type), is_all ? rows : elements, scratch);
  if (is_all) return;
  const Place place = place_of(chunk);
  const auto dims = place.first.size();
  const int64_t element = size_of(field_.type);
  // Lines along the last dimension, one after the other, of the part that lies within the rows.
  std::vector<int64_t> at(dims + 1, 0);
  const int64_t line = dims == 0 ? 1 : place.extents[dims - 1];
  for (;;) {
    int64_t from = at[0], to = at[0];
    for (size_t d = 0; d < dims; ++d) {
      from = from * layout_.extents[d + 1] + at[d + 1];
      to = to * field_.shape[static_cast<int>(d)] + place.first[d] + at[d + 1];
    }
    std::copy_n(elements.begin() + from * element, line * element, rows.begin() + to * element);
    size_t d = dims == 0 ? 0 : dims - 1;  // the dimension before the last
    for (;; --d) {
      const int64_t extent = d == 0 ? rows_in(band) : place.extents[d - 1];
      if (++at[d] < extent) break;
      at[d] = 0;
      if (d == 0) return;
    }
  }
}

}  // namespace convoy
