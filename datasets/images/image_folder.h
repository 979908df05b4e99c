// A folder of pictures by class: SOURCE/CLASS/*.png and the like, or with given splits SOURCE/train/CLASS,
// SOURCE/validation/CLASS (or val) and SOURCE/test/CLASS. What is in a class's folder and below it is of that class.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/data/batch_source.h"

namespace convoy {

struct ImageFile {
  std::string name;  // relative to its class's folder
  int32_t class_number = 0;
  Split split = Split::train;  // where splits are given
  int64_t bytes = 0;
};

struct ImageFolder {
  std::filesystem::path source;
  std::array<std::string, kSplits.size()> split_folders;  // by Split, as they are called; all empty: no splits given
  std::vector<std::string> class_folders;                 // sorted by name
  std::vector<ImageFile> files;                           // sorted by split, class and name
  std::vector<std::string> notes;                         // what was passed over

  bool has_splits() const { return !split_folders[0].empty(); }
  std::filesystem::path folder_of(Split split, int32_t class_number) const;
  std::filesystem::path path_of(const ImageFile& file) const;
  std::vector<std::string> class_names() const;  // as text of UTF-8
};

// Hidden files and folders and links are passed over, links and other things with a note. Throws DataError: no folder,
// none in it, one class only, a class without files or in a split but not among those that are trained on.
ImageFolder find_image_files(const std::filesystem::path& source);

struct FilesBelow {
  std::vector<std::string> names;  // relative to the folder, sorted
  std::vector<std::string> notes;  // what was passed over
};
// All files of a folder and below it, by the same rules, whatever classes there are. Throws FileError.
FilesBelow find_files_below(const std::filesystem::path& folder);

}  // namespace convoy
