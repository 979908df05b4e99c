// A file that grows by whole records while training runs, and never stops the training.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "core/base/files.h"

namespace convoy {

class RecordFile {
 public:
  // Appends to the file, made if missing. Throws FileError.
  explicit RecordFile(const std::filesystem::path& path);

  // Hands the record to the operating system in one piece. If that fails (a full disk) the file keeps whole records
  // only, the loss is logged once, and again when writing works again.
  void append(std::string_view record);

  // Drops what lies beyond so many bytes of whole records. Throws FileError.
  void cut(int64_t bytes);
  const std::filesystem::path& path() const { return file_.path(); }

 private:
  File file_;
  int64_t bytes_;     // of whole records
  int64_t lost_ = 0;  // records since writing failed
};

}  // namespace convoy
