// Datasets of any HDF5 file, as h5py writes them: found by name, read row by row in whole chunks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace convoy::hdf5 {

enum class NumberKind { integer, real };

// One dataset of numbers. Keeps its file open.
class SourceArray {
 public:
  virtual ~SourceArray() = default;

  virtual const std::string& name() const = 0;              // its path in the file, without a slash in front
  virtual const std::vector<int64_t>& extents() const = 0;  // at least one: the rows
  virtual NumberKind kind() const = 0;
  virtual const std::string& type() const = 0;  // as NumPy names it: "float16", "bool", ">i4"
  virtual int64_t band_rows() const = 0;        // of whole chunks; of a dataset in one piece: 1
  // Rows [begin, begin + count): integers as i64, reals as f32. Throws DataError naming file, dataset and rows.
  virtual void read(int64_t begin, int64_t count, int64_t* out) const = 0;
  virtual void read(int64_t begin, int64_t count, float* out) const = 0;
  // Of bytes (uint8), as they are.
  virtual void read(int64_t begin, int64_t count, uint8_t* out) const = 0;

  int64_t rows() const { return extents().front(); }
  int64_t row_elements() const;
};

// Throws DataError, naming the file: it cannot be opened, or is no HDF5 file.
class SourceFile {
 public:
  explicit SourceFile(const std::filesystem::path& file);
  ~SourceFile();

  // Every dataset below any group: "images/x (1000 x 28 x 28 uint8)", by path.
  std::vector<std::string> list() const;
  // Throws DataError: there is none of that name (the nearest and all there are are told), or it holds no numbers.
  std::unique_ptr<SourceArray> open(const std::string& name) const;

 private:
  class Impl;
  std::shared_ptr<const Impl> impl_;
};

}  // namespace convoy::hdf5
