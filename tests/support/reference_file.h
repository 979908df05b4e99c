// Reads the committed HDF5 files of reference numbers. A missing dataset or attribute throws, naming it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace convoy::test {

// tests/reference/NAME, or in the folder that CONVOY_REFERENCE_FOLDER names.
std::filesystem::path reference_path(const std::string& name);

class ReferenceFile {
 public:
  explicit ReferenceFile(const std::filesystem::path& path);
  ~ReferenceFile();
  ReferenceFile(const ReferenceFile&) = delete;
  ReferenceFile& operator=(const ReferenceFile&) = delete;

  // All elements in row-major order, converted by HDF5 from whatever is stored.
  std::vector<float> floats(const std::string& dataset) const;
  std::vector<double> doubles(const std::string& dataset) const;
  std::vector<int32_t> integers(const std::string& dataset) const;
  double attribute(const std::string& name) const;

 private:
  template <class Number>
  std::vector<Number> read(const std::string& dataset, int64_t memory_type) const;

  int64_t file_;
};

}  // namespace convoy::test
