#include "tests/support/reference_file.h"

#include <hdf5.h>

#include <cstdlib>
#include <stdexcept>

namespace convoy::test {

std::filesystem::path reference_path(const std::string& name) {
  const char* folder = std::getenv("CONVOY_REFERENCE_FOLDER");
  return std::filesystem::path(folder != nullptr ? folder : CONVOY_SOURCE_DIR "/tests/reference") / name;
}

ReferenceFile::ReferenceFile(const std::filesystem::path& path)
    : file_(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT)) {
  if (file_ < 0) throw std::runtime_error("cannot open reference numbers " + path.string());
}

ReferenceFile::~ReferenceFile() { H5Fclose(file_); }

template <class Number>
std::vector<Number> ReferenceFile::read(const std::string& dataset, int64_t memory_type) const {
  const hid_t id = H5Dopen2(file_, dataset.c_str(), H5P_DEFAULT);
  if (id < 0) throw std::runtime_error("the reference numbers have no dataset " + dataset);
  const hid_t space = H5Dget_space(id);
  std::vector<Number> values(static_cast<size_t>(H5Sget_simple_extent_npoints(space)));
  const herr_t status = H5Dread(id, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
  H5Sclose(space);
  H5Dclose(id);
  if (status < 0) throw std::runtime_error("cannot read reference numbers " + dataset);
  return values;
}

std::vector<float> ReferenceFile::floats(const std::string& dataset) const {
  return read<float>(dataset, H5T_NATIVE_FLOAT);
}
std::vector<double> ReferenceFile::doubles(const std::string& dataset) const {
  return read<double>(dataset, H5T_NATIVE_DOUBLE);
}
std::vector<int32_t> ReferenceFile::integers(const std::string& dataset) const {
  return read<int32_t>(dataset, H5T_NATIVE_INT32);
}

double ReferenceFile::attribute(const std::string& name) const {
  const hid_t id = H5Aopen(file_, name.c_str(), H5P_DEFAULT);
  double value = 0;
  if (id < 0 || H5Aread(id, H5T_NATIVE_DOUBLE, &value) < 0)
    throw std::runtime_error("the reference numbers have no attribute " + name);
  H5Aclose(id);
  return value;
}

}  // namespace convoy::test
