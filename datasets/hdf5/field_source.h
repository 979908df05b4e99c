// A dataset of an HDF5 file as a field: its numbers as the field stores them, checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/dataset_manifest.h"
#include "datasets/hdf5/source_file.h"

namespace convoy::hdf5 {

// The shape that samples of the dataset have in a field: images of bytes (N, H, W) as (H, W, 1), single numbers as (1).
// Throws DataError where they have too many dimensions.
Shape sample_shape(const SourceArray& array);

// Rows one after the other, or any; each chunk is read once where they come in order.
class FieldSource {
 public:
  // shown: what messages call it, "FILE: x". field: u8, i32 or f32.
  FieldSource(const SourceArray& array, std::string shown, const StoredField& field);

  int64_t rows() const { return array_.rows(); }
  // Of whole chunks that follow `begin`, at least one row and at most all.
  int64_t rows_at_once(int64_t begin) const;
  // Rows [begin, begin + count), as they are stored; good until the next call. Throws DataError: NaN, infinity, or an
  // integer that is no i32, each with its place.
  std::span<const std::byte> read(int64_t begin, int64_t count);

 private:
  void load(int64_t begin);
  void check(int64_t begin, int64_t count) const;

  const SourceArray& array_;
  std::string shown_;
  StoredField field_;
  int64_t step_;  // rows of whole chunks that are held
  int64_t held_begin_ = 0, held_end_ = 0;
  std::vector<int64_t> integers_;
  std::vector<std::byte> held_;
};

// "x[3, 7]": an element's place in NumPy's words.
std::string place_of(std::string_view name, const std::vector<int64_t>& extents, int64_t row, int64_t element);

}  // namespace convoy::hdf5
