// Samples of a new HDF5 file for a model that was trained on an import of one: the same datasets by their names.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/tensor/tensor.h"
#include "datasets/dataset_manifest.h"

namespace convoy {

// An input of the model and the path of the dataset that it comes from.
struct Hdf5Field {
  std::string name, path;
};

// As a dataset's manifest keeps it, in `preprocessing`: {"kind": "hdf5", "fields": [{"name": "x", "path": "x"}]}.
std::string to_preprocessing(const std::vector<Hdf5Field>& fields);
// Throws DataError if the text is no such preprocessing.
std::vector<Hdf5Field> hdf5_fields_from(const std::string& preprocessing);

// Streams; each chunk is read once where rows are read in order.
class Hdf5Rows {
 public:
  // fields: those of the model's data (names, types and shapes), of which the ones in `paths` are read. Throws
  // DataError: a dataset is missing (its name, the nearest and all there are), of another shape or type, or has another
  // count of rows.
  Hdf5Rows(const std::filesystem::path& file, const std::vector<Hdf5Field>& paths,
           const std::vector<StoredField>& fields);
  ~Hdf5Rows();

  int64_t rows() const;
  // Names in the order of `paths`.
  const std::vector<std::string>& names() const;
  // Rows [begin, begin + count) into one tensor for each name, (count, shape...) of the batch's type. Throws DataError:
  // NaN, classes that there are not and the like, with their place.
  void read(int64_t begin, int64_t count, std::span<const Tensor> out);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace convoy
