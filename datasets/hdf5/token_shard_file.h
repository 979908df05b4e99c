// The HDF5 side of a token shard: dataset "tokens", 1-D, contiguous, uint16 or uint32, little endian, with attributes
// "format_version" and "vocabulary".
//
// HDF5 lays the file out and describes it; the tokens themselves are written and memory-mapped at data_offset by us, so
// that a full disk is an errno and not a half-closed library.
#pragma once

#include <cstdint>
#include <filesystem>

namespace convoy::hdf5 {

inline constexpr int64_t kTokenShardVersion = 1;

struct TokenShardLayout {
  int64_t num_tokens = 0;
  int64_t token_bytes = 2;  // 2: uint16, 4: uint32
  int64_t vocabulary = 0;
  int64_t data_offset = 0;  // bytes from the start of the file to token 0
};

// Makes the file, replacing one of that name, with room for num_tokens > 0; returns the layout with its data_offset.
// Throws DataError.
TokenShardLayout create_token_shard(const std::filesystem::path& file, TokenShardLayout layout);

// Reads the layout of an existing shard and checks that all its tokens lie inside the file. Throws DataError naming the
// file if it is no HDF5 file, of another version, or not of the form above.
TokenShardLayout open_token_shard(const std::filesystem::path& file);

}  // namespace convoy::hdf5
