// A text from its beginning to its end, out of a file or a pipe.
#pragma once

#include <optional>
#include <string>

#include "core/base/files.h"
#include "datasets/files/descriptor.h"
#include "datasets/text/text_files.h"

namespace convoy {

class TextReader {
 public:
  // A pipe can be read only once: what comes out of it also goes to the file `copy`, unless that is empty. Throws
  // FileError.
  TextReader(const TextFile& file, const std::filesystem::path& copy);

  // Appends the next `bytes` bytes, fewer only at the end; says how many.
  size_t append(size_t bytes, std::string& text);
  // The copy is whole on the disk from here on.
  void close();

 private:
  const std::filesystem::path& path_;
  Descriptor descriptor_;
  std::optional<File> copy_;
};

}  // namespace convoy
