// Files that cannot be read or written while data is handled are bad data to the caller.
#pragma once

#include <filesystem>
#include <utility>

#include "core/base/error.h"
#include "core/base/files.h"

namespace convoy {

// The remedy for files that are not as the import wrote them.
inline constexpr const char* kImportAgain = "import the data again, with --force";

// work(), with FileError and the standard library's filesystem_error turned into DataError.
template <class Work>
auto as_data_error(Work&& work) -> decltype(work()) {
  try {
    return std::forward<Work>(work)();
  } catch (const FileError& error) {
    throw DataError(error.what());
  } catch (const std::filesystem::filesystem_error& error) {
    throw DataError(FileError("use", error.path1(), error.code().value()).what());
  }
}

}  // namespace convoy
