// Where HDF5 has put the chunks of a dataset, and by which filters they went.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "datasets/chunks/chunk_layout.h"
#include "datasets/hdf5/handle.h"

namespace convoy::hdf5 {

class ChunkReader {
 public:
  // extents: of the dataset.
  ChunkReader(const Handle& dataset, const std::string& name, const std::filesystem::path& file,
              const std::vector<int64_t>& extents)
      : dataset_(dataset), name_(name), file_(file), extents_(extents) {}

  // properties: with which the dataset was created. Throws DataError: a filter that is not known, a chunk that was
  // never written.
  ChunkLayout read(const Handle& properties) const;

 private:
  [[noreturn]] void refuse(const std::string& why) const;
  std::vector<ChunkFilter> filters(const Handle& properties) const;
  StoredChunk chunk_at(const std::vector<int64_t>& first) const;

  const Handle& dataset_;
  const std::string& name_;
  const std::filesystem::path& file_;
  const std::vector<int64_t>& extents_;
};

// Throws DataError, naming the rows, if a chunk lies beyond the end of its file.
void check_chunks_inside(const ChunkLayout& layout, const std::string& name, int64_t file_bytes,
                         const std::filesystem::path& file);

}  // namespace convoy::hdf5
