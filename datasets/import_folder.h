// The folder an import writes to: hidden until it is whole.
#pragma once

#include <filesystem>
#include <vector>

#include "datasets/files/descriptor.h"

namespace convoy {

// Throws DataError unless `out` does not exist, is an empty folder, or holds a dataset and nothing else. force only
// matters to the message: what no import wrote is never removed.
void check_replaceable(const std::filesystem::path& out, bool force);

// A folder made empty and locked against a second import; removed again unless committed. It lies beside OUT, as
// OUT.importing, or where OUT cannot be given another folder's place (it is there and empty, a mounted file system, the
// folder that we are in, or nothing can be made beside it) within OUT, as OUT/.importing.
class ImportFolder {
 public:
  // Makes it, and the folders that it lies in: whether anything can be written there is known from here on.
  explicit ImportFolder(const std::filesystem::path& out);
  ~ImportFolder();
  ImportFolder(const ImportFolder&) = delete;
  ImportFolder& operator=(const ImportFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  // Beside OUT: gives the folder the name OUT; a dataset of that name is exchanged for it in one step and then removed.
  // Within: removes what OUT holds and moves the files there, the manifest first and last: a folder without one is no
  // dataset to any reader, but if we are killed in between neither is there.
  void commit();

 private:
  void make_parents();
  void take_place() const;
  void move_up() const;

  std::filesystem::path out_, path_;
  std::vector<std::filesystem::path> parents_;  // made here, the innermost first
  bool within_ = false;
  Descriptor lock_;
};

}  // namespace convoy
