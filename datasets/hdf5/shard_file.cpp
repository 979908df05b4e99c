#include "datasets/hdf5/shard_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "core/base/error.h"
#include "core/base/files.h"
#include "datasets/files/data_errors.h"
#include "datasets/files/descriptor.h"
#include "datasets/hdf5/chunk_reader.h"
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

hid_t hdf5_type(StoredType type) {
  switch (type) {
    case StoredType::u8:
      return H5T_STD_U8LE;
    case StoredType::u16:
      return H5T_STD_U16LE;
    case StoredType::u32:
      return H5T_STD_U32LE;
    case StoredType::i32:
      return H5T_STD_I32LE;
    case StoredType::i64:
      return H5T_STD_I64LE;
    case StoredType::f32:
      return H5T_IEEE_F32LE;
    case StoredType::f64:
      break;
  }
  return H5T_IEEE_F64LE;
}

void write_attribute(hid_t object, const char* name, int64_t value, const path& file) {
  const Handle space(check(H5Screate(H5S_SCALAR), file, "describe an attribute"), H5Sclose);
  const Handle attribute(
      check(H5Acreate2(object, name, H5T_STD_I64LE, space.get(), H5P_DEFAULT, H5P_DEFAULT), file, "add an attribute"),
      H5Aclose);
  check(H5Awrite(attribute.get(), H5T_NATIVE_INT64, &value), file, "write an attribute");
}

// Absent: there is none of that name.
std::optional<int64_t> read_attribute(hid_t object, const char* name, const path& file) {
  if (H5Aexists(object, name) <= 0) return std::nullopt;
  const Handle attribute(check(H5Aopen(object, name, H5P_DEFAULT), file, "open an attribute"), H5Aclose);
  int64_t value = 0;
  check(H5Aread(attribute.get(), H5T_NATIVE_INT64, &value), file, "read an attribute");
  return value;
}

Handle create_dataset(const Handle& shard, const FieldLayout& field, const path& file) {
  const std::vector<hsize_t> extents(field.extents.begin(), field.extents.end());
  const Handle space(
      check(H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr), file, "describe a field"),
      H5Sclose);
  const Handle properties(check(H5Pcreate(H5P_DATASET_CREATE), file, "describe a field"), H5Pclose);
  check(H5Pset_layout(properties.get(), H5D_CONTIGUOUS), file, "set the layout");
  check(H5Pset_alloc_time(properties.get(), H5D_ALLOC_TIME_EARLY), file, "reserve room");
  check(H5Pset_fill_time(properties.get(), H5D_FILL_TIME_NEVER), file, "reserve room");
  return {check(H5Dcreate2(shard.get(), field.name.c_str(), hdf5_type(field.type), space.get(), H5P_DEFAULT,
                           properties.get(), H5P_DEFAULT),
                file, "create a field"),
          H5Dclose};
}

// Reads what HDF5 knows of one field.
class FieldReader {
 public:
  FieldReader(const Handle& shard, const std::string& name, const path& file)
      : name_(name),
        file_(file),
        dataset_(
            check(H5Dopen2(shard.get(), name.c_str(), H5P_DEFAULT), file, fmt::format("open dataset \"{}\"", name)),
            H5Dclose) {}

  FieldLayout layout() const {
    check_version();
    FieldLayout layout{name_, type(), extents(), read_attribute(dataset_.get(), "vocabulary", file_)};
    const Handle properties(check(H5Dget_create_plist(dataset_.get()), file_, "read the layout of a field"), H5Pclose);
    if (H5Pget_layout(properties.get()) == H5D_CHUNKED)
      layout.chunks = ChunkReader(dataset_, name_, file_, layout.extents).read(properties);
    else
      layout.data_offset = data_offset(properties);
    return layout;
  }

 private:
  template <class... Values>
  [[noreturn]] void refuse(fmt::format_string<Values...> why, Values&&... values) const {
    throw DataError(fmt::format("{}: \"{}\" {}; {}", file_.string(), name_,
                                fmt::format(why, std::forward<Values>(values)...), kImportAgain));
  }

  void check_version() const {
    const int64_t version = read_attribute(dataset_.get(), "format_version", file_).value_or(kShardVersion);
    if (version != kShardVersion) refuse("is of shard format version {}, wanted {}", version, kShardVersion);
  }

  StoredType type() const {
    const Handle found(check(H5Dget_type(dataset_.get()), file_, "read the type of a field"), H5Tclose);
    for (const StoredType type : {StoredType::u8, StoredType::u16, StoredType::u32, StoredType::i32, StoredType::i64,
                                  StoredType::f32, StoredType::f64})
      if (H5Tequal(found.get(), hdf5_type(type)) > 0) return type;
    refuse("is of another type than {}, little endian", stored_type_names());
  }

  std::vector<int64_t> extents() const {
    const Handle space(check(H5Dget_space(dataset_.get()), file_, "read the shape of a field"), H5Sclose);
    std::array<hsize_t, H5S_MAX_RANK> extents{};
    const int dims = check(H5Sget_simple_extent_dims(space.get(), extents.data(), nullptr), file_, "read a shape");
    return {extents.begin(), extents.begin() + dims};
  }

  int64_t data_offset(const Handle& properties) const {
    const haddr_t offset = H5Dget_offset(dataset_.get());
    if (H5Pget_layout(properties.get()) != H5D_CONTIGUOUS || offset == HADDR_UNDEF)
      refuse("is neither stored in one piece nor in chunks; write it with h5py's create_dataset");
    return static_cast<int64_t>(offset);
  }

  const std::string& name_;
  const path& file_;
  Handle dataset_;
};

// Reading a mapping past the end of its file would kill the process with SIGBUS.
void check_inside_file(const FieldLayout& field, const path& file) {
  std::error_code error;
  const auto file_bytes = std::filesystem::file_size(file, error);
  if (error) throw DataError(fmt::format("{}: cannot tell its size: {}", file.string(), error.message()));
  if (field.chunks) return check_chunks_inside(*field.chunks, field.name, static_cast<int64_t>(file_bytes), file);
  double wanted = static_cast<double>(size_of(field.type));  // a damaged extent may be any number
  for (const int64_t extent : field.extents) wanted *= static_cast<double>(extent);
  if (wanted > static_cast<double>(file_bytes) - static_cast<double>(field.data_offset))
    throw DataError(fmt::format("{}: the file is truncated: {} bytes, but \"{}\", {} x {} bytes, begins at byte {}; {}",
                                file.string(), file_bytes, field.name, fmt::join(field.extents, " x "),
                                size_of(field.type), field.data_offset, kImportAgain));
}

// Finds out whether there is room before HDF5 writes: a file that it cannot finish it keeps open, and the library then
// fails to close at the end of the process. HDF5 begins by freeing the room that was taken here.
void require_room(const path& file, const std::vector<FieldLayout>& fields) {
  int64_t bytes = 0;
  for (const FieldLayout& field : fields) bytes += (32 << 10) + field.bytes();  // with what HDF5 writes itself
  const Descriptor descriptor(::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
  const int error = !descriptor ? errno : ::posix_fallocate(descriptor.get(), 0, bytes);
  if (error != 0) throw DataError(FileError("write", file, error).what());
}

}  // namespace

int64_t FieldLayout::bytes() const {
  int64_t bytes = size_of(type);
  for (const int64_t extent : extents) bytes *= extent;
  return bytes;
}

std::vector<FieldLayout> create_shard(const path& file, std::vector<FieldLayout> fields) {
  const QuietErrors quiet;
  require_room(file, fields);
  const Handle access = file_access(file);
  Handle shard(check(H5Fcreate(file.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access.get()), file, "create the file"),
               H5Fclose);
  for (FieldLayout& field : fields) {
    Handle dataset = create_dataset(shard, field, file);
    write_attribute(dataset.get(), "format_version", kShardVersion, file);
    if (field.vocabulary) write_attribute(dataset.get(), "vocabulary", *field.vocabulary, file);
    field.data_offset = static_cast<int64_t>(H5Dget_offset(dataset.get()));
    check(dataset.close(), file, "close a field");
  }
  check(shard.close(), file, "write the file");
  return fields;
}

std::vector<FieldLayout> open_shard(const path& file, const std::vector<std::string>& fields,
                                    const std::vector<std::string>& more) {
  const QuietErrors quiet;
  if (!as_data_error([&] { return is_there(file); }))
    throw DataError(fmt::format("{}: the file is missing; {}", file.string(), kImportAgain));
  as_data_error([&] { File::open(file); });  // HDF5 would tell no remedy
  const Handle access = file_access(file);
  const Handle shard(check(H5Fopen(file.c_str(), H5F_ACC_RDONLY, access.get()), file, "open the shard"), H5Fclose);
  std::vector<FieldLayout> layouts;
  const auto read = [&](const std::string& name) {
    layouts.push_back(FieldReader(shard, name, file).layout());
    check_inside_file(layouts.back(), file);
  };
  for (const std::string& name : fields) read(name);
  for (const std::string& name : more)
    if (H5Lexists(shard.get(), name.c_str(), H5P_DEFAULT) > 0) read(name);
  return layouts;
}

}  // namespace convoy::hdf5
