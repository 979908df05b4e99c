// HDF5's errors as exceptions instead of prints on stderr.
#pragma once

#include <hdf5.h>

#include <filesystem>
#include <string>
#include <string_view>

namespace convoy::hdf5 {

// While alive, HDF5 prints nothing in this thread.
class QuietErrors {
 public:
  QuietErrors();
  ~QuietErrors();
  QuietErrors(const QuietErrors&) = delete;
  QuietErrors& operator=(const QuietErrors&) = delete;

 private:
  H5E_auto2_t function_ = nullptr;
  void* data_ = nullptr;
};

// Throws DataError: "FILE: cannot ACTION: HDF5: its own words".
[[noreturn]] void throw_error(const std::filesystem::path& file, std::string_view action);

// An identifier, status or truth value of HDF5; negative throws.
template <class Result>
Result check(Result result, const std::filesystem::path& file, std::string_view action) {
  if (result < 0) throw_error(file, action);
  return result;
}

}  // namespace convoy::hdf5
