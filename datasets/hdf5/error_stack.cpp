#include "datasets/hdf5/error_stack.h"

#include <fmt/format.h>

#include <vector>

#include "core/base/error.h"

namespace convoy::hdf5 {
namespace {

herr_t collect(unsigned /*depth*/, const H5E_error2_t* error, void* descriptions) {
  static_cast<std::vector<std::string>*>(descriptions)->emplace_back(error->desc == nullptr ? "" : error->desc);
  return 0;
}

// The outermost call says what failed, the innermost why.
std::string error_text() {
  std::vector<std::string> descriptions;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, collect, &descriptions);
  if (descriptions.empty()) return "no reason given";
  if (descriptions.size() == 1) return descriptions.front();
  return descriptions.front() + ": " + descriptions.back();
}

}  // namespace

QuietErrors::QuietErrors() {
  // A damaged file can leave identifiers open inside HDF5, over which its clean-up at exit stumbles, printing "infinite
  // loop closing library". Ours are all closed by their owners, so it has nothing to do there.
  static const herr_t no_clean_up_at_exit = H5dont_atexit();
  static_cast<void>(no_clean_up_at_exit);
  H5Eget_auto2(H5E_DEFAULT, &function_, &data_);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

QuietErrors::~QuietErrors() { H5Eset_auto2(H5E_DEFAULT, function_, data_); }

void throw_error(const std::filesystem::path& file, std::string_view action) {
  throw DataError(fmt::format("{}: cannot {}: HDF5: {}", file.string(), action, error_text()));
}

}  // namespace convoy::hdf5
