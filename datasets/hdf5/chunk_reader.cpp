#include "datasets/hdf5/chunk_reader.h"

#include <fmt/format.h>
#include <hdf5.h>

#include <algorithm>
#include <array>

#include "core/base/error.h"
#include "core/base/integers.h"
#include "datasets/files/data_errors.h"
#include "datasets/hdf5/error_stack.h"

namespace convoy::hdf5 {
namespace {

constexpr int64_t kMostChunks = int64_t{1} << 26;

std::vector<int64_t> grid_of(const std::vector<int64_t>& extents, const std::vector<int64_t>& chunk) {
  std::vector<int64_t> grid;
  for (size_t d = 0; d < extents.size(); ++d) grid.push_back(ceil_div(extents[d], chunk[d]));
  return grid;
}

}  // namespace

void ChunkReader::refuse(const std::string& why) const {
  throw DataError(fmt::format("{}: \"{}\" {}", file_.string(), name_, why));
}

ChunkLayout ChunkReader::read(const Handle& properties) const {
  ChunkLayout layout;
  std::array<hsize_t, H5S_MAX_RANK> chunk{};
  const int dims =
      check(H5Pget_chunk(properties.get(), H5S_MAX_RANK, chunk.data()), file_, "read the layout of a field");
  if (static_cast<size_t>(dims) != extents_.size()) refuse("has chunks of other dimensions than its own");
  layout.extents.assign(chunk.begin(), chunk.begin() + dims);
  layout.filters = filters(properties);
  const std::vector<int64_t> grid = grid_of(extents_, layout.extents);
  double chunks = 1;  // damaged extents may be any numbers
  for (const int64_t extent : grid) chunks *= static_cast<double>(extent);
  if (!(chunks <= static_cast<double>(kMostChunks)))
    refuse(fmt::format("has {:.0f} chunks, at most {} can be read; write larger ones", chunks, kMostChunks));
  std::vector<int64_t> at(grid.size(), 0), first(grid.size(), 0);
  for (auto left = static_cast<int64_t>(chunks); left > 0; --left) {
    for (size_t d = 0; d < at.size(); ++d) first[d] = at[d] * layout.extents[d];
    layout.chunks.push_back(chunk_at(first));
    for (size_t d = at.size(); d-- > 0;) {
      if (++at[d] < grid[d]) break;
      at[d] = 0;
    }
  }
  return layout;
}

std::vector<ChunkFilter> ChunkReader::filters(const Handle& properties) const {
  std::vector<ChunkFilter> filters;
  const int count = check(H5Pget_nfilters(properties.get()), file_, "read the layout of a field");
  for (int i = 0; i < count; ++i) {
    unsigned flags = 0, config = 0;
    size_t values = 0;
    std::array<char, 64> name{};
    const H5Z_filter_t filter = check(H5Pget_filter2(properties.get(), static_cast<unsigned>(i), &flags, &values,
                                                     nullptr, name.size(), name.data(), &config),
                                      file_, "read the layout of a field");
    if (filter == H5Z_FILTER_DEFLATE)
      filters.push_back(ChunkFilter::deflate);
    else if (filter == H5Z_FILTER_SHUFFLE)
      filters.push_back(ChunkFilter::shuffle);
    else if (filter == H5Z_FILTER_FLETCHER32)
      filters.push_back(ChunkFilter::fletcher32);
    else
      refuse(
          fmt::format("went by filter {} ({}); write it with compression=\"gzip\", shuffle or fletcher32, or without",
                      static_cast<int>(filter), name.data()));
  }
  return filters;
}

StoredChunk ChunkReader::chunk_at(const std::vector<int64_t>& first) const {
  std::array<hsize_t, H5S_MAX_RANK> offset{};
  std::copy(first.begin(), first.end(), offset.begin());
  unsigned left_out = 0;
  haddr_t address = HADDR_UNDEF;
  hsize_t bytes = 0;
  check(H5Dget_chunk_info_by_coord(dataset_.get(), offset.data(), &left_out, &address, &bytes), file_, "find a chunk");
  if (address == HADDR_UNDEF)
    refuse(fmt::format("has no data from row {} on: that chunk was never written; {}", first.front(), kImportAgain));
  return {static_cast<int64_t>(address), static_cast<int64_t>(bytes), left_out};
}

void check_chunks_inside(const ChunkLayout& layout, const std::string& name, int64_t file_bytes,
                         const std::filesystem::path& file) {
  for (const StoredChunk& chunk : layout.chunks)
    if (chunk.offset < 0 || chunk.bytes < 0 || chunk.offset > file_bytes || chunk.bytes > file_bytes - chunk.offset)
      throw DataError(
          fmt::format("{}: the file is truncated: {} bytes, but a chunk of \"{}\" of {} bytes begins at byte "
                      "{}; {}",
                      file.string(), file_bytes, name, chunk.bytes, chunk.offset, kImportAgain));
}

}  // namespace convoy::hdf5
