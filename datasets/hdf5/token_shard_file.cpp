#include "datasets/hdf5/token_shard_file.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <system_error>

#include "core/base/error.h"
#include "core/base/files.h"
#include "datasets/files/data_errors.h"
#include "datasets/files/descriptor.h"
#include "datasets/hdf5/error_stack.h"
#include "datasets/hdf5/handle.h"

namespace convoy::hdf5 {
namespace {

using std::filesystem::path;

Handle file_access(const path& file) {
  Handle access(check(H5Pcreate(H5P_FILE_ACCESS), file, "set file access"), H5Pclose);
  // Metadata of this version carries checksums, and HDF5 1.10 and later read it.
  check(H5Pset_libver_bounds(access.get(), H5F_LIBVER_V110, H5F_LIBVER_V110), file, "set the format version");
  check(H5Pset_alignment(access.get(), 1, 64), file, "set alignment");
  // Locks fail on some network and read-only file systems; shards never change once they have their name.
  check(H5Pset_file_locking(access.get(), false, true), file, "set file locking");
  return access;
}

void write_attribute(hid_t object, const char* name, int64_t value, const path& file) {
  const Handle space(check(H5Screate(H5S_SCALAR), file, "describe an attribute"), H5Sclose);
  const Handle attribute(
      check(H5Acreate2(object, name, H5T_STD_I64LE, space.get(), H5P_DEFAULT, H5P_DEFAULT), file, "add an attribute"),
      H5Aclose);
  check(H5Awrite(attribute.get(), H5T_NATIVE_INT64, &value), file, "write an attribute");
}

int64_t read_attribute(hid_t object, const char* name, const path& file) {
  if (H5Aexists(object, name) <= 0)
    throw DataError(fmt::format("{}: \"tokens\" has no attribute \"{}\", so Convoy did not write it; {}", file.string(),
                                name, kImportAgain));
  const Handle attribute(check(H5Aopen(object, name, H5P_DEFAULT), file, "open an attribute"), H5Aclose);
  int64_t value = 0;
  check(H5Aread(attribute.get(), H5T_NATIVE_INT64, &value), file, "read an attribute");
  return value;
}

Handle create_dataset(const Handle& shard, const TokenShardLayout& layout, const path& file) {
  const auto extent = static_cast<hsize_t>(layout.num_tokens);
  const Handle space(check(H5Screate_simple(1, &extent, nullptr), file, "describe \"tokens\""), H5Sclose);
  const Handle properties(check(H5Pcreate(H5P_DATASET_CREATE), file, "describe \"tokens\""), H5Pclose);
  check(H5Pset_layout(properties.get(), H5D_CONTIGUOUS), file, "set the layout");
  check(H5Pset_alloc_time(properties.get(), H5D_ALLOC_TIME_EARLY), file, "reserve room");
  check(H5Pset_fill_time(properties.get(), H5D_FILL_TIME_NEVER), file, "reserve room");
  const hid_t type = layout.token_bytes == 2 ? H5T_STD_U16LE : H5T_STD_U32LE;
  return {check(H5Dcreate2(shard.get(), "tokens", type, space.get(), H5P_DEFAULT, properties.get(), H5P_DEFAULT), file,
                "create \"tokens\""),
          H5Dclose};
}

int64_t token_bytes_of(const Handle& dataset, const path& file) {
  const Handle type(check(H5Dget_type(dataset.get()), file, "read the type of \"tokens\""), H5Tclose);
  if (H5Tequal(type.get(), H5T_STD_U16LE) > 0) return 2;
  if (H5Tequal(type.get(), H5T_STD_U32LE) > 0) return 4;
  throw DataError(fmt::format("{}: \"tokens\" is of another type than uint16 or uint32, little endian; {}",
                              file.string(), kImportAgain));
}

int64_t num_tokens_of(const Handle& dataset, const path& file) {
  const Handle space(check(H5Dget_space(dataset.get()), file, "read the shape of \"tokens\""), H5Sclose);
  const int dims = H5Sget_simple_extent_ndims(space.get());
  if (dims != 1)
    throw DataError(fmt::format("{}: \"tokens\" has {} dimensions, wanted 1; {}", file.string(), dims, kImportAgain));
  hsize_t extent = 0;
  check(H5Sget_simple_extent_dims(space.get(), &extent, nullptr), file, "read the shape of \"tokens\"");
  return static_cast<int64_t>(extent);
}

int64_t data_offset_of(const Handle& dataset, const path& file) {
  const Handle properties(check(H5Dget_create_plist(dataset.get()), file, "read the layout of \"tokens\""), H5Pclose);
  const haddr_t offset = H5Dget_offset(dataset.get());
  if (H5Pget_layout(properties.get()) != H5D_CONTIGUOUS || offset == HADDR_UNDEF)
    throw DataError(fmt::format("{}: \"tokens\" is not stored in one piece, so it cannot be memory-mapped; {}",
                                file.string(), kImportAgain));
  return static_cast<int64_t>(offset);
}

void check_version(hid_t dataset, const path& file) {
  const int64_t version = read_attribute(dataset, "format_version", file);
  if (version != kTokenShardVersion)
    throw DataError(fmt::format("{}: shard format version {}, wanted {}; {}", file.string(), version,
                                kTokenShardVersion, kImportAgain));
}

// Reading a mapping past the end of its file would kill the process with SIGBUS.
void check_inside_file(const TokenShardLayout& layout, const path& file) {
  std::error_code error;
  const auto file_bytes = std::filesystem::file_size(file, error);
  if (error) throw DataError(fmt::format("{}: cannot tell its size: {}", file.string(), error.message()));
  const auto available = static_cast<int64_t>(file_bytes) - layout.data_offset;
  if (layout.num_tokens > available / layout.token_bytes)
    throw DataError(fmt::format("{}: the file is truncated: {} bytes, but {} tokens of {} bytes begin at byte {}; {}",
                                file.string(), file_bytes, layout.num_tokens, layout.token_bytes, layout.data_offset,
                                kImportAgain));
}

// Finds out whether there is room before HDF5 writes: a file that it cannot finish it keeps open, and the library then
// fails to close at the end of the process. HDF5 begins by freeing the room that was taken here.
void require_room(const path& file, const TokenShardLayout& layout) {
  constexpr int64_t kMetadataBytes = 32 << 10;
  const Descriptor descriptor(::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
  const int error =
      !descriptor ? errno
                  : ::posix_fallocate(descriptor.get(), 0, kMetadataBytes + layout.num_tokens * layout.token_bytes);
  if (error != 0) throw DataError(FileError("write", file, error).what());
}

}  // namespace

TokenShardLayout create_token_shard(const path& file, TokenShardLayout layout) {
  const QuietErrors quiet;
  require_room(file, layout);
  const Handle access = file_access(file);
  Handle shard(check(H5Fcreate(file.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access.get()), file, "create the file"),
               H5Fclose);
  Handle dataset = create_dataset(shard, layout, file);
  write_attribute(dataset.get(), "format_version", kTokenShardVersion, file);
  write_attribute(dataset.get(), "vocabulary", layout.vocabulary, file);
  layout.data_offset = data_offset_of(dataset, file);
  check(dataset.close(), file, "close \"tokens\"");
  check(shard.close(), file, "write the file");
  return layout;
}

TokenShardLayout open_token_shard(const path& file) {
  const QuietErrors quiet;
  if (!as_data_error([&] { return is_there(file); }))
    throw DataError(fmt::format("{}: the file is missing; {}", file.string(), kImportAgain));
  as_data_error([&] { File::open(file); });  // HDF5 would tell no remedy
  const Handle access = file_access(file);
  const Handle shard(check(H5Fopen(file.c_str(), H5F_ACC_RDONLY, access.get()), file, "open the shard"), H5Fclose);
  const Handle dataset(check(H5Dopen2(shard.get(), "tokens", H5P_DEFAULT), file, "open dataset \"tokens\""), H5Dclose);
  check_version(dataset.get(), file);
  TokenShardLayout layout;
  layout.token_bytes = token_bytes_of(dataset, file);
  layout.num_tokens = num_tokens_of(dataset, file);
  layout.vocabulary = read_attribute(dataset.get(), "vocabulary", file);
  layout.data_offset = data_offset_of(dataset, file);
  check_inside_file(layout, file);
  return layout;
}

}  // namespace convoy::hdf5
