// HDF5 files as shards, in one piece and in chunks, and as sources of imports: HDF5 reads what describes the data, we
// the data.
#include <hdf5.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "datasets/array_shard.h"
#include "datasets/hdf5/field_source.h"
#include "datasets/hdf5/handle.h"
#include "datasets/hdf5/source_file.h"
#include "tests/core/temporary_folder.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

using convoy::hdf5::Handle;

constexpr int64_t kMostElements = 1 << 20;  // of what a changed extent may ask for

void read_as_source(const std::string& path) {
  const convoy::hdf5::SourceFile file(path);
  file.list();
  const auto array = file.open("x");
  if (array->row_elements() > kMostElements || array->band_rows() > kMostElements ||
      array->band_rows() * array->row_elements() > kMostElements || array->rows() > kMostElements)
    return;
  convoy::StoredField field{"x", convoy::StoredType::f32, convoy::hdf5::sample_shape(*array), {}, 0};
  convoy::hdf5::FieldSource source(*array, "x", field);
  for (int64_t begin = 0, some = 0; begin < source.rows(); begin += some) {
    some = source.rows_at_once(begin);
    source.read(begin, some);
  }
}

void read_as_shard(const std::string& path) {
  convoy::DatasetManifest manifest;
  manifest.kind = "arrays";
  manifest.fields = {{"x", convoy::StoredType::f32, {3}, {}, 0}};
  const convoy::ArrayShard shard("/", manifest, {path.substr(1), 20, {}});
  std::vector<std::string> damages;
  shard.verify(0, damages);
  std::array<float, 60> rows{};
  shard.read(0, 0, 20, rows.data());
}

std::string file_of(bool chunked, bool new_format) {
  const convoy::TemporaryFolder folder;
  const std::string path = folder / "seed.h5";
  {
    const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
    if (new_format) H5Pset_libver_bounds(access.get(), H5F_LIBVER_V110, H5F_LIBVER_V110);
    const Handle file(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access.get()), H5Fclose);
    const Handle properties(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    const hsize_t extents[] = {20, 3}, chunk[] = {8, 2};
    if (chunked) {
      H5Pset_chunk(properties.get(), 2, chunk);
      H5Pset_shuffle(properties.get());
      H5Pset_deflate(properties.get(), 4);
      H5Pset_fletcher32(properties.get());
    }
    const Handle space(H5Screate_simple(2, extents, nullptr), H5Sclose);
    const Handle dataset(
        H5Dcreate2(file.get(), "x", H5T_IEEE_F32LE, space.get(), H5P_DEFAULT, properties.get(), H5P_DEFAULT), H5Dclose);
    std::array<float, 60> x{};
    for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i);
    H5Dwrite(dataset.get(), H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, x.data());
  }
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  const convoy::FuzzFile file(data, bytes);
  convoy::refused_in_words([&] { read_as_source(file.path()); });
  convoy::refused_in_words([&] { read_as_shard(file.path()); });
  return 0;
}

std::vector<std::string> convoy::fuzz_seeds() {
  return {file_of(false, true), file_of(true, true), file_of(false, false), file_of(true, false)};
}
