#include "datasets/import_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <sys/file.h>

#include <cerrno>
#include <utility>

#include "core/base/error.h"
#include "core/base/files.h"
#include "datasets/dataset_manifest.h"

namespace convoy {
namespace {

namespace fs = std::filesystem;

bool is_written_by_imports(const fs::path& name) {
  return name == kDatasetManifestName || name == "tokenizer.json" || name == "tokenizer.model" ||
         name.extension() == ".h5";
}

fs::path without_trailing_slash(const fs::path& path) { return path.has_filename() ? path : path.parent_path(); }

// Swaps two names in one step where the file system can, else by way of a third name.
void exchange(const fs::path& a, const fs::path& b) {
  if (::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0) return;
  fs::path between = b;
  between += ".replaced";
  if (::rename(b.c_str(), between.c_str()) != 0 || ::rename(a.c_str(), b.c_str()) != 0 ||
      ::rename(between.c_str(), a.c_str()) != 0)
    throw FileError("replace", b, errno);
}

}  // namespace

void check_replaceable(const fs::path& out, bool force) {
  if (!fs::exists(out)) return;
  if (!fs::is_directory(out))
    throw DataError(fmt::format("{}: is a file, wanted a folder for the dataset; choose another name", out.string()));
  if (fs::is_empty(out)) return;
  const bool is_dataset = fs::exists(out / kDatasetManifestName);
  for (const auto& entry : fs::directory_iterator(out))
    if (!is_dataset || !is_written_by_imports(entry.path().filename()))
      throw DataError(fmt::format(
          "{}: holds {}, which is no part of a dataset{}; choose another folder or move it away", out.string(),
          entry.path().filename().string(), force ? ", and --force replaces datasets only" : ""));
}

ImportFolder::ImportFolder(fs::path out) : out_(without_trailing_slash(out)), path_(out_) {
  path_ += ".importing";
  make_folder(path_);
  lock_ = Descriptor(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock_) throw FileError("open folder", path_, errno);
  // File systems without locks leave it to the user not to import twice at once.
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    throw DataError(
        fmt::format("{}: another import is writing here; wait for it or choose another folder", path_.string()));
  for (const auto& leftover : fs::directory_iterator(path_)) fs::remove_all(leftover.path());
}

// After commit the name OUT.importing is the replaced dataset's, or nobody's.
ImportFolder::~ImportFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void ImportFolder::commit() {
  sync_folder(path_);
  if (fs::exists(out_) && !fs::is_empty(out_))
    exchange(path_, out_);
  else
    rename_path(path_, out_);
  sync_folder(out_.has_parent_path() ? out_.parent_path() : ".");
}

}  // namespace convoy
