// The folder an import writes to: beside its final place until it is whole.
#pragma once

#include <filesystem>

#include "datasets/files/descriptor.h"

namespace convoy {

// Throws DataError unless `out` does not exist, is an empty folder, or holds a dataset and nothing else. force only
// matters to the message: what no import wrote is never removed.
void check_replaceable(const std::filesystem::path& out, bool force);

// OUT.importing, made empty and locked against a second import. Removed again unless committed.
class ImportFolder {
 public:
  explicit ImportFolder(std::filesystem::path out);
  ~ImportFolder();
  ImportFolder(const ImportFolder&) = delete;
  ImportFolder& operator=(const ImportFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  // Gives the folder the name OUT; a dataset of that name is exchanged for it in one step and then removed.
  void commit();

 private:
  std::filesystem::path out_, path_;
  Descriptor lock_;
};

}  // namespace convoy
