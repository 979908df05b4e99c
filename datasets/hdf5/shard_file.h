// The HDF5 side of a shard: a dataset for each field, contiguous, little endian, of shape (rows, shape...); FORMAT.md.
//
// HDF5 lays the file out and describes it; the data itself is written and memory-mapped at data_offset by us, so that a
// full disk is an errno and not a half-closed library.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "datasets/stored_type.h"

namespace convoy::hdf5 {

inline constexpr int64_t kShardVersion = 1;

struct FieldLayout {
  std::string name;
  StoredType type = StoredType::f32;
  std::vector<int64_t> extents;       // rows, then the shape of one
  std::optional<int64_t> vocabulary;  // of tokens, an attribute
  int64_t data_offset = 0;            // bytes from the start of the file to the first element
  int64_t bytes() const;
};

// Makes the file, replacing one of that name, with room for all fields; returns them with their data_offset. Throws
// DataError.
std::vector<FieldLayout> create_shard(const std::filesystem::path& file, std::vector<FieldLayout> fields);

// Reads the layouts of these fields of an existing shard and checks that all their data lies inside the file. Throws
// DataError naming the file if it is no HDF5 file, of another version, or not of the form above.
std::vector<FieldLayout> open_shard(const std::filesystem::path& file, const std::vector<std::string>& fields);

}  // namespace convoy::hdf5
