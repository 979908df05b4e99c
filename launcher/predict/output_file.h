// Where predictions go: standard output, or a file that appears under its name when it is whole.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "core/base/files.h"

namespace convoy {

class OutputFile {
 public:
  // Empty: standard output. Throws FileError.
  explicit OutputFile(std::filesystem::path name);
  // Removes what was never committed.
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void write(std::string_view text);
  void commit();

 private:
  std::filesystem::path name_, temporary_;
  std::optional<File> file_;
};

}  // namespace convoy
