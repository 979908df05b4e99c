#include "datasets/hdf5/source_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <hdf5.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/nearest_name.h"
#include "datasets/files/data_errors.h"
#include "datasets/hdf5/error_stack.h"
#include "datasets/hdf5/handle.h"

namespace convoy::hdf5 {
namespace {

using std::filesystem::path;

constexpr size_t kMostListed = 30;
constexpr const char* kFilterAdvice = "write it with compression=\"gzip\", shuffle or fletcher32, or without";

std::string without_slash(std::string name) {
  name.erase(0, std::min(name.find_first_not_of('/'), name.size()));
  return name;
}

std::vector<int64_t> extents_of(const Handle& dataset, const path& file) {
  const Handle space(check(H5Dget_space(dataset.get()), file, "read a shape"), H5Sclose);
  std::array<hsize_t, H5S_MAX_RANK> extents{};
  const int dims = check(H5Sget_simple_extent_dims(space.get(), extents.data(), nullptr), file, "read a shape");
  return {extents.begin(), extents.begin() + dims};
}

std::string name_of_integer(hid_t type) {
  const bool is_unsigned = H5Tget_sign(type) == H5T_SGN_NONE;
  return fmt::format("{}{}int{}", H5Tget_order(type) == H5T_ORDER_BE && H5Tget_size(type) > 1 ? "big-endian " : "",
                     is_unsigned ? "u" : "", 8 * H5Tget_size(type));
}

std::string name_of_type(hid_t type) {
  switch (H5Tget_class(type)) {
    case H5T_INTEGER:
      return name_of_integer(type);
    case H5T_FLOAT:
      return fmt::format("{}float{}", H5Tget_order(type) == H5T_ORDER_BE ? "big-endian " : "", 8 * H5Tget_size(type));
    case H5T_ENUM:
      return H5Tget_size(type) == 1 && H5Tget_nmembers(type) == 2 ? "bool" : "enum";
    case H5T_STRING:
      return "strings";
    case H5T_COMPOUND:
      return "compounds";
    case H5T_VLEN:
      return "rows of various lengths";
    case H5T_REFERENCE:
      return "references";
    default:
      return "opaque bytes";
  }
}

// HDF5 only collects names here: nothing may be thrown through it.
herr_t collect_name(hid_t /*group*/, const char* name, const H5L_info_t* /*info*/, void* names) try {
  static_cast<std::vector<std::string>*>(names)->emplace_back(name);
  return 0;
} catch (...) {
  return -1;
}

}  // namespace

class SourceFile::Impl {
 public:
  explicit Impl(const path& name) : file(name), handle(open_file(name)) {}

  std::vector<std::string> dataset_names() const {
    const QuietErrors quiet;
    std::vector<std::string> names, datasets;
    check(H5Lvisit(handle.get(), H5_INDEX_NAME, H5_ITER_INC, collect_name, &names), file, "list its datasets");
    for (const std::string& name : names) {
      const Handle object(H5Oopen(handle.get(), name.c_str(), H5P_DEFAULT), H5Oclose);
      if (object.get() >= 0 && H5Iget_type(object.get()) == H5I_DATASET) datasets.push_back(name);
    }
    return datasets;
  }

  const path file;
  const Handle handle;

 private:
  static Handle open_file(const path& name) {
    as_data_error([&] { File::open(name); });
    const QuietErrors quiet;
    const Handle access(check(H5Pcreate(H5P_FILE_ACCESS), name, "set file access"), H5Pclose);
    check(H5Pset_file_locking(access.get(), false, true), name, "set file locking");
    return {check(H5Fopen(name.c_str(), H5F_ACC_RDONLY, access.get()), name, "open the file"), H5Fclose};
  }
};

namespace {

class ArrayOfFile final : public SourceArray {
 public:
  ArrayOfFile(std::shared_ptr<const void> keep, const path& file, const Handle& root, std::string name)
      : keep_(std::move(keep)),
        file_(file),
        name_(std::move(name)),
        dataset_(check(H5Dopen2(root.get(), name_.c_str(), H5P_DEFAULT), file_, fmt::format("open \"{}\"", name_)),
                 H5Dclose),
        file_type_(check(H5Dget_type(dataset_.get()), file_, "read a type"), H5Tclose),
        extents_(extents_of(dataset_, file_)),
        type_(name_of_type(file_type_.get())) {
    const H5T_class_t kind = H5Tget_class(file_type_.get());
    if (kind != H5T_INTEGER && kind != H5T_FLOAT && kind != H5T_ENUM)
      refuse(fmt::format("holds {}; wanted numbers", type_));
    kind_ = kind == H5T_FLOAT ? NumberKind::real : NumberKind::integer;
    if (extents_.empty()) refuse("is a single number; wanted rows of samples");
    if (std::find(extents_.begin(), extents_.end(), 0) != extents_.end())
      refuse(fmt::format("is {} and so empty", fmt::join(extents_, " x ")));
    read_layout();
  }

  const std::string& name() const override { return name_; }
  const std::vector<int64_t>& extents() const override { return extents_; }
  NumberKind kind() const override { return kind_; }
  const std::string& type() const override { return type_; }
  int64_t band_rows() const override { return band_rows_; }

  void read(int64_t begin, int64_t count, int64_t* out) const override {
    if (H5Tget_class(file_type_.get()) != H5T_ENUM) return read_as(begin, count, H5T_NATIVE_INT64, out);
    // The numbers behind the names: HDF5 converts between enums by their names only.
    const QuietErrors quiet;
    const Handle base(check(H5Tget_super(file_type_.get()), file_, "read a type"), H5Tclose);
    const Handle native(check(H5Tget_native_type(file_type_.get(), H5T_DIR_ASCEND), file_, "read a type"), H5Tclose);
    const Handle number(check(H5Tget_native_type(base.get(), H5T_DIR_ASCEND), file_, "read a type"), H5Tclose);
    const int64_t elements = count * row_elements();
    read_as(begin, count, native.get(), out);  // narrower than i64: they begin where those will
    check(H5Tconvert(number.get(), H5T_NATIVE_INT64, static_cast<size_t>(elements), out, nullptr, H5P_DEFAULT), file_,
          "convert numbers");
  }
  void read(int64_t begin, int64_t count, float* out) const override { read_as(begin, count, H5T_NATIVE_FLOAT, out); }
  void read(int64_t begin, int64_t count, uint8_t* out) const override { read_as(begin, count, H5T_NATIVE_UINT8, out); }

 private:
  [[noreturn]] void refuse(const std::string& why) const {
    throw DataError(fmt::format("{}: \"{}\" {}", file_.string(), name_, why));
  }

  void read_layout() {
    const Handle properties(check(H5Dget_create_plist(dataset_.get()), file_, "read a layout"), H5Pclose);
    if (H5Pget_layout(properties.get()) != H5D_CHUNKED) return;
    std::array<hsize_t, H5S_MAX_RANK> chunk{};
    check(H5Pget_chunk(properties.get(), H5S_MAX_RANK, chunk.data()), file_, "read a layout");
    band_rows_ = std::max<int64_t>(1, static_cast<int64_t>(chunk[0]));
    const int filters = check(H5Pget_nfilters(properties.get()), file_, "read a layout");
    for (int i = 0; i < filters; ++i) {
      unsigned flags = 0, config = 0;
      size_t values = 0;
      std::array<char, 64> name{};
      const H5Z_filter_t filter = H5Pget_filter2(properties.get(), static_cast<unsigned>(i), &flags, &values, nullptr,
                                                 name.size(), name.data(), &config);
      if (filter < 0 || H5Zfilter_avail(filter) <= 0)
        refuse(fmt::format("is compressed by filter {} ({}), which is not here; {}", static_cast<int>(filter),
                           name.data(), kFilterAdvice));
    }
  }

  void read_as(int64_t begin, int64_t count, hid_t memory_type, void* out) const {
    const QuietErrors quiet;
    std::vector<hsize_t> start(extents_.size(), 0), size(extents_.begin(), extents_.end());
    start[0] = static_cast<hsize_t>(begin);
    size[0] = static_cast<hsize_t>(count);
    const Handle space(check(H5Dget_space(dataset_.get()), file_, "read a shape"), H5Sclose);
    const Handle memory(check(H5Screate_simple(static_cast<int>(size.size()), size.data(), nullptr), file_, "read"),
                        H5Sclose);
    check(H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, start.data(), nullptr, size.data(), nullptr), file_, "read");
    check(H5Dread(dataset_.get(), memory_type, memory.get(), space.get(), H5P_DEFAULT, out), file_,
          fmt::format("read rows {} to {} of \"{}\"", begin, begin + count - 1, name_));
  }

  std::shared_ptr<const void> keep_;  // the file
  path file_;
  std::string name_;
  Handle dataset_, file_type_;
  std::vector<int64_t> extents_;
  std::string type_;
  NumberKind kind_ = NumberKind::real;
  int64_t band_rows_ = 1;
};

}  // namespace

int64_t SourceArray::row_elements() const {
  int64_t elements = 1;
  for (size_t i = 1; i < extents().size(); ++i) elements *= extents()[i];
  return elements;
}

SourceFile::SourceFile(const path& file) : impl_(std::make_shared<const Impl>(file)) {}
SourceFile::~SourceFile() = default;

std::vector<std::string> SourceFile::list() const {
  std::vector<std::string> texts;
  const QuietErrors quiet;
  for (const std::string& name : impl_->dataset_names()) {
    const Handle dataset(H5Dopen2(impl_->handle.get(), name.c_str(), H5P_DEFAULT), H5Dclose);
    if (dataset.get() < 0) continue;
    const Handle type(check(H5Dget_type(dataset.get()), impl_->file, "read a type"), H5Tclose);
    const std::vector<int64_t> extents = extents_of(dataset, impl_->file);
    texts.push_back(fmt::format("{} ({}{}{})", name, fmt::join(extents, " x "), extents.empty() ? "" : " ",
                                name_of_type(type.get())));
  }
  return texts;
}

std::unique_ptr<SourceArray> SourceFile::open(const std::string& given) const {
  const std::string name = without_slash(given);
  const QuietErrors quiet;
  const Handle object(name.empty() ? H5I_INVALID_HID : H5Oopen(impl_->handle.get(), name.c_str(), H5P_DEFAULT),
                      H5Oclose);
  if (object.get() >= 0 && H5Iget_type(object.get()) == H5I_DATASET)
    return std::make_unique<ArrayOfFile>(impl_, impl_->file, impl_->handle, name);
  std::vector<std::string> there = list();
  if (there.empty()) throw DataError(fmt::format("{}: holds no dataset", impl_->file.string()));
  if (there.size() > kMostListed) {
    there.resize(kMostListed);
    there.emplace_back("...");
  }
  throw DataError(fmt::format("{}: {} \"{}\"{}; there are {}", impl_->file.string(),
                              object.get() >= 0 ? "a group, no dataset, is" : "no dataset is called", name,
                              did_you_mean(name, impl_->dataset_names()), fmt::join(there, ", ")));
}

}  // namespace convoy::hdf5
