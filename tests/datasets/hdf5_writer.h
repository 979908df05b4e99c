// HDF5 files for tests, written by HDF5 itself in any of its ways.
#pragma once

#include <gtest/gtest.h>
#include <hdf5.h>

#include <filesystem>
#include <string>
#include <vector>

#include "datasets/hdf5/handle.h"

namespace convoy {

struct Hdf5Storage {
  std::vector<hsize_t> chunk;  // empty: in one piece
  bool shuffle = false, gzip = false, fletcher32 = false;
};

class Hdf5Writer {
 public:
  explicit Hdf5Writer(const std::filesystem::path& file)
      : file_(H5Fcreate(file.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), H5Fclose) {}

  template <class Number>
  void write(const std::string& name, const std::vector<hsize_t>& shape, hid_t type, hid_t memory_type,
             const std::vector<Number>& data, const Hdf5Storage& storage = {}) {
    using hdf5::Handle;
    const Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
    H5Pset_create_intermediate_group(links.get(), 1);
    const Handle properties(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    if (!storage.chunk.empty()) H5Pset_chunk(properties.get(), static_cast<int>(shape.size()), storage.chunk.data());
    if (storage.shuffle) H5Pset_shuffle(properties.get());
    if (storage.gzip) H5Pset_deflate(properties.get(), 4);
    if (storage.fletcher32) H5Pset_fletcher32(properties.get());
    const Handle space(
        shape.empty() ? H5Screate(H5S_SCALAR) : H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr),
        H5Sclose);
    const Handle dataset(
        H5Dcreate2(file_.get(), name.c_str(), type, space.get(), links.get(), properties.get(), H5P_DEFAULT), H5Dclose);
    ASSERT_GE(dataset.get(), 0) << name;
    ASSERT_GE(H5Dwrite(dataset.get(), memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data.data()), 0) << name;
  }
  void reals(const std::string& name, const std::vector<hsize_t>& shape, const std::vector<double>& data,
             hid_t type = H5T_IEEE_F64LE, const Hdf5Storage& storage = {}) {
    write(name, shape, type, H5T_NATIVE_DOUBLE, data, storage);
  }
  void integers(const std::string& name, const std::vector<hsize_t>& shape, const std::vector<int64_t>& data,
                hid_t type = H5T_STD_I64LE, const Hdf5Storage& storage = {}) {
    write(name, shape, type, H5T_NATIVE_INT64, data, storage);
  }

 private:
  hdf5::Handle file_;
};

}  // namespace convoy
