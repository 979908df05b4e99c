// How a field lies in its file in chunks, each for itself compressed or not: what HDF5 knows of them, so that reading
// them needs neither HDF5 nor its one lock.
#pragma once

#include <cstdint>
#include <vector>

namespace convoy {

enum class ChunkFilter { deflate, shuffle, fletcher32 };

struct StoredChunk {
  int64_t offset = 0, bytes = 0;  // in the file
  uint32_t left_out = 0;          // bit i: filter i was not applied to it
};

struct ChunkLayout {
  std::vector<int64_t> extents;      // of a chunk: rows, then parts of one
  std::vector<ChunkFilter> filters;  // as they were applied, one after the other
  std::vector<StoredChunk> chunks;   // by their places, the last dimension first
};

}  // namespace convoy
