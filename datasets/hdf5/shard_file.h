// The HDF5 side of a shard: a dataset for each field, little endian, of shape (rows, shape...), in one piece or in
// chunks that may be compressed; FORMAT.md.
//
// HDF5 lays the file out and describes it; the data itself is written and memory-mapped at its offsets by us, so that a
// full disk is an errno and not a half-closed library, and reading takes no lock.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "datasets/chunks/chunk_layout.h"
#include "datasets/stored_type.h"

namespace convoy::hdf5 {

inline constexpr int64_t kShardVersion = 1;

struct FieldLayout {
  std::string name;
  StoredType type = StoredType::f32;
  std::vector<int64_t> extents;       // rows, then the shape of one
  std::optional<int64_t> vocabulary;  // of tokens, an attribute
  int64_t data_offset = 0;            // bytes from the start of the file to the first element, where it is in one piece
  std::optional<ChunkLayout> chunks = {};  // absent: it is in one piece
  int64_t bytes() const;
};

// Makes the file, replacing one of that name, each field in one piece, with room for all fields; returns them with
// their data_offset. Throws DataError.
std::vector<FieldLayout> create_shard(const std::filesystem::path& file, std::vector<FieldLayout> fields);

// Reads the layouts of these fields of an existing shard and checks that all their data lies inside the file. Throws
// DataError naming the file if it is no HDF5 file, of another version, or not of the form above. Behind them come those
// of `more` that there are.
std::vector<FieldLayout> open_shard(const std::filesystem::path& file, const std::vector<std::string>& fields,
                                    const std::vector<std::string>& more = {});

}  // namespace convoy::hdf5
