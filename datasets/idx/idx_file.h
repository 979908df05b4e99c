// Files of the IDX format, which MNIST made known: two zero bytes, a type, a count of dimensions, the extents and then
// the elements, all big endian. Compressed by gzip or not, as their first bytes tell.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "datasets/stored_type.h"

struct gzFile_s;

namespace convoy {

class IdxFile {
 public:
  // Reads the header. Throws DataError, naming the file, if it is none of the format.
  explicit IdxFile(std::filesystem::path file);

  const std::filesystem::path& file() const { return file_; }
  const std::vector<int64_t>& extents() const { return extents_; }  // of which the first counts the rows
  int64_t rows() const { return extents_.front(); }
  int64_t row_elements() const;
  // As read() gives the elements: u8, i32 for all smaller integers, f32 for all reals.
  StoredType type() const { return type_; }

  // The next rows, as little-endian elements of type(). Throws DataError if the file ends before.
  std::vector<std::byte> read(int64_t rows);
  // After the last row. Throws DataError if more follows.
  void check_end();

 private:
  struct Close {
    void operator()(gzFile_s* file) const;
  };
  void read_header();
  void fill(std::byte* out, int64_t bytes);

  std::filesystem::path file_;
  std::unique_ptr<gzFile_s, Close> gz_;
  std::vector<int64_t> extents_;
  int code_ = 0;  // of the type, as the file has it
  StoredType type_ = StoredType::u8;
  bool header_read_ = false;
  int64_t rows_read_ = 0;
  std::vector<std::byte> raw_;
};

// Whether the file begins as one of the format does. Throws FileError.
bool is_idx_file(const std::filesystem::path& file);

}  // namespace convoy
