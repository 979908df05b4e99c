#include "datasets/import_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "core/base/error.h"
#include "core/base/files.h"
#include "datasets/dataset_manifest.h"

namespace convoy {
namespace {

namespace fs = std::filesystem;

constexpr const char* kWithin = ".importing";

bool is_written_by_imports(const fs::path& name) {
  const std::string text = name.string();
  const bool is_shard = std::any_of(kSplits.begin(), kSplits.end(),
                                    [&](Split split) { return text.starts_with(std::string(name_of(split)) + "-"); });
  return text == kDatasetManifestName || text == "tokenizer.json" || text == "tokenizer.model" ||
         (is_shard && name.extension() == ".h5");
}

// Of a file system that is new, and of an import that was killed while it wrote within.
bool is_nothing(const fs::path& name) { return name == "lost+found" || name == kWithin; }

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> paths;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) paths.push_back(entry->path());
  if (error) throw FileError("read folder", folder, error.value());
  return paths;
}

// Refuses a link to nothing, which is neither there nor free.
bool is_taken(const fs::path& path) {
  if (is_there(path)) return true;
  std::error_code ignored;
  if (fs::is_symlink(path, ignored))
    throw DataError(fmt::format("{}: is a link to {}, which is not there; make that folder or remove the link",
                                path.string(), fs::read_symlink(path, ignored).string()));
  return false;
}

// Cannot be renamed, or would leave whoever stands in it in a removed folder.
bool is_held(const fs::path& folder) {
  struct statx status {};
  if (::statx(AT_FDCWD, folder.c_str(), 0, STATX_BASIC_STATS, &status) != 0) return false;
  if ((status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0) return true;
  std::error_code ignored;
  const fs::path here = fs::current_path(ignored);
  return std::mismatch(folder.begin(), folder.end(), here.begin(), here.end()).first == folder.end();
}

// Swaps two names in one step where the file system can, else by way of a third name.
void exchange(const fs::path& a, const fs::path& b) {
  if (::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0) return;
  fs::path between = b;
  between += ".replaced";
  if (::rename(b.c_str(), between.c_str()) != 0 || ::rename(a.c_str(), b.c_str()) != 0 ||
      ::rename(between.c_str(), a.c_str()) != 0)
    throw FileError("replace", b, errno);
}

bool can_make(const fs::path& folder) {
  std::error_code error;
  fs::create_directory(folder, error);
  return !error;
}

void remove_files_of_imports(const fs::path& folder) {
  const fs::path manifest = folder / kDatasetManifestName;
  fs::remove(manifest);
  sync_folder(folder);
  for (const fs::path& path : entries_of(folder))
    if (is_written_by_imports(path.filename())) fs::remove(path);
}

}  // namespace

void check_replaceable(const fs::path& out, bool force) {
  if (out.empty()) throw DataError("the dataset folder's name is empty; name one to make");
  if (!is_taken(out)) return;
  if (!is_folder(out))
    throw DataError(fmt::format("{}: is a file, wanted a folder for the dataset; choose another name", out.string()));
  const bool is_dataset = fs::exists(out / kDatasetManifestName) || fs::exists(out / kWithin);
  for (const fs::path& entry : entries_of(out))
    if (!is_nothing(entry.filename()) && (!is_dataset || !is_written_by_imports(entry.filename())))
      throw DataError(
          fmt::format("{}: holds {}, which is no part of a dataset{}; choose another folder or move it away",
                      out.string(), entry.filename().string(), force ? ", and --force replaces datasets only" : ""));
}

ImportFolder::ImportFolder(const fs::path& out) : out_(fs::weakly_canonical(fs::absolute(out))) {
  if (!out_.has_filename()) out_ = out_.parent_path();  // a/b/ that is not there yet
  path_ = out_;
  path_ += kWithin;
  within_ = is_taken(out_) && (!fs::exists(out_ / kDatasetManifestName) || is_held(out_) || !can_make(path_));
  if (within_) path_ = out_ / kWithin;
  make_parents();
  make_folder(path_);
  lock_ = Descriptor(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock_) throw FileError("open folder", path_, errno);
  // File systems without locks leave it to the user not to import twice at once.
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    throw DataError(
        fmt::format("{}: another import is writing here; wait for it or choose another folder", path_.string()));
  for (const fs::path& leftover : entries_of(path_)) fs::remove_all(leftover);
}

// After commit the name OUT.importing is the replaced dataset's, or nobody's.
ImportFolder::~ImportFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
  for (const fs::path& parent : parents_) ::rmdir(parent.c_str());  // unless something else is in it by now
}

void ImportFolder::make_parents() {
  for (fs::path parent = path_.parent_path(); !is_taken(parent); parent = parent.parent_path())
    parents_.push_back(parent);
  make_folder(path_.parent_path());
}

void ImportFolder::commit() {
  sync_folder(path_);
  if (within_)
    move_up();
  else
    take_place();
  sync_folder(out_.parent_path());
  parents_.clear();
}

void ImportFolder::take_place() const {
  if (is_taken(out_) && !fs::is_empty(out_))
    exchange(path_, out_);
  else
    rename_path(path_, out_);
}

void ImportFolder::move_up() const {
  remove_files_of_imports(out_);
  for (const fs::path& path : entries_of(path_))
    if (path.filename() != kDatasetManifestName) rename_path(path, out_ / path.filename());
  sync_folder(out_);
  rename_path(path_ / kDatasetManifestName, out_ / kDatasetManifestName);
  sync_folder(out_);
}

}  // namespace convoy
